"""The events of the monitors are those of the interpreter's plain hooks, one by one."""

from __future__ import annotations

import sys

import pytest
from support.workloads import WORKLOADS

from pikos.monitors.api import FunctionMonitor, LineMonitor


@pytest.fixture(params=WORKLOADS, ids=lambda workload: workload.__name__)
def warm(request):
    """A workload whose code has been specialized, and whose caches are full."""
    for _ in range(3):
        request.param()
    return request.param


def plain_functions(work):
    seen = []

    def hook(frame, event, arg):
        name = arg.__name__ if event.startswith("c_") else frame.f_code.co_name
        seen.append((event, name, frame.f_lineno, frame.f_code.co_filename))

    before = sys.getprofile()
    sys.setprofile(hook)
    try:
        work()
    finally:
        sys.setprofile(before)
    return [event for event in seen if event[3] != __file__]


def plain_lines(work):
    seen = []

    def hook(frame, event, _arg):
        if event == "line":
            seen.append((frame.f_code.co_name, frame.f_lineno, frame.f_code.co_filename))
        return hook

    before = sys.gettrace()
    sys.settrace(hook)
    try:
        work()
    finally:
        sys.settrace(before)
    return [event for event in seen if event[2] != __file__]


def recorded(monitor, work):
    with monitor:
        work()
    return [record for record in monitor.recorder.records if record.filename != __file__]


def test_function_events_are_those_of_a_profile_function(mechanism, kept, warm):
    expected = plain_functions(warm)

    records = recorded(FunctionMonitor(kept), warm)

    assert len(expected) > 5
    assert [(r.type, r.function, r.lineNo, r.filename) for r in records] == expected


def test_line_events_are_those_of_a_trace_function(mechanism, kept, warm):
    expected = plain_lines(warm)

    records = recorded(LineMonitor(kept), warm)

    assert len(expected) > 5
    assert [(r.function, r.lineNo, r.filename) for r in records] == expected
