"""Other tools beside a monitor: whatever was there goes on, and nothing of it is lost."""

from __future__ import annotations

import sys

import pytest
from support import known
from support.recorded import calls

from pikos.monitors import sources
from pikos.monitors.api import FunctionMonitor, LineMonitor

LEAF = [("call", "leaf"), ("return", "leaf")]


class Tool:
    """A profile or trace function of somebody else."""

    def __init__(self):
        self.told = []

    def __call__(self, frame, event, arg):
        self.told.append((event, frame.f_code.co_name))
        return self

    def heard(self, name):
        return [event for event, function in self.told if function == name]


@pytest.fixture
def tool():
    made = Tool()
    yield made
    sys.setprofile(None)
    sys.settrace(None)


def test_a_profile_function_that_was_there_goes_on(mechanism, kept, tool):
    """S42, B8: during, and after."""
    sys.setprofile(tool)

    with FunctionMonitor(kept):
        known.leaf()
    known.leaf()
    now = sys.getprofile()
    sys.setprofile(None)

    assert now is tool
    assert tool.heard("leaf") == ["call", "return"] * 2
    assert [event for event in calls(kept) if event[1] == "leaf"] == LEAF


def test_a_trace_function_that_was_there_goes_on(mechanism, kept, tool):
    """S42, B9: with its own function for each frame."""
    sys.settrace(tool)

    with LineMonitor(kept):
        known.leaf()
    known.leaf()
    now = sys.gettrace()
    sys.settrace(None)

    assert now is tool
    assert tool.heard("leaf") == ["call", "line", "return"] * 2
    assert "leaf" in {record.function for record in kept.records}


def test_a_profile_function_that_comes_later_stays(mechanism, kept, tool):
    """B9: disabling does not take off what is not ours."""
    monitor = FunctionMonitor(kept)

    monitor.enable()
    sys.setprofile(tool)
    monitor.disable()
    known.leaf()
    now = sys.getprofile()
    sys.setprofile(None)

    assert now is tool
    assert tool.heard("leaf") == ["call", "return"]


def test_a_hook_of_ours_that_somebody_puts_back_takes_itself_off(mechanism, kept, tool):
    """B9: no dead hook stays."""
    monitor = FunctionMonitor(kept)

    monitor.enable()
    saved = sys.getprofile()
    sys.setprofile(tool)
    monitor.disable()
    recorded = len(kept.records)
    sys.setprofile(saved)
    known.leaf()

    assert sys.getprofile() is None
    assert len(kept.records) == recorded


def test_a_hook_that_calls_ours_makes_nothing_twice(mechanism, kept):
    first, second = FunctionMonitor(kept), FunctionMonitor(type(kept)())

    first.enable()
    saved = sys.getprofile()

    def calling(frame, event, arg):
        if saved is not None:
            saved(frame, event, arg)

    sys.setprofile(calling)
    second.enable()
    known.leaf()
    second.disable()
    first.disable()
    sys.setprofile(None)

    assert [event for event in calls(kept) if event[1] == "leaf"] == LEAF
    assert [event for event in calls(second.recorder) if event[1] == "leaf"] == LEAF


def test_a_trace_function_that_calls_ours_makes_no_line_twice(mechanism, kept):
    first, second = LineMonitor(kept), LineMonitor(type(kept)())

    first.enable()
    saved = sys.gettrace()

    def calling(frame, event, arg):
        inner = saved and saved(frame, event, arg)

        def inside(frame, event, arg):
            nonlocal inner
            inner = inner and inner(frame, event, arg)
            return inside

        return inside

    sys.settrace(calling)
    second.enable()
    known.leaf()
    second.disable()
    first.disable()
    sys.settrace(None)

    for recorder in (kept, second.recorder):
        assert [record.function for record in recorder.records].count("leaf") == 1


def test_the_real_time_profiler_beside_a_monitor_counts_on(kept):
    pytest.importorskip("pikos._lsprof")
    from pikos.external.real_time_profiler import RealTimeProfiler

    refused = sys.version_info < (3, 12) and not sources.native_is_chosen()
    with RealTimeProfiler(publish=False) as profiler:
        if refused:
            with pytest.raises(ValueError, match="disable it first"), FunctionMonitor(kept):
                pass
        else:
            with FunctionMonitor(kept):
                known.leaf()
        with LineMonitor(kept):
            known.leaf()
        known.leaf()

    counted = {
        entry.code.co_name: entry.callcount
        for entry in profiler.getstats()
        if not isinstance(entry.code, str)
    }
    assert counted["leaf"] == (2 if refused else 3)
