"""A focus grows by code that runs for the first time, before the monitor sees its first event."""

from __future__ import annotations

import sys

import pytest
from support.recorded import calls

from pikos.monitors import sources
from pikos.monitors.api import FocusedFunctionMonitor, FocusedLineMonitor
from pikos.monitors.new_code import NewCode

PROGRAM = """
def early(): pass
def late():
    return inner()
def inner(): pass
early()
late()
late()
"""


@pytest.fixture
def watched(mechanism):
    """Have a monitor's focus grow by the functions of a name, until the test ends."""
    if mechanism is sources.hooks and hasattr(sys, "monitoring"):
        pytest.skip("these hooks are not in use where there is sys.monitoring")
    watching = []

    def watch(monitor, name, failures=0):
        asked = []

        def see(frame):
            if frame.f_code.co_name == name:
                asked.append(frame)
                if len(asked) <= failures:
                    raise RecursionError
                monitor.functions.add(frame.f_code)

        watching.append(NewCode(monitor.functions, see))
        watching[0].watch()
        return asked

    yield watch

    for new_code in watching:
        new_code.end()
        if hasattr(sys, "monitoring"):
            sys.monitoring.free_tool_id(new_code._id)


def run():
    exec(compile(PROGRAM, "program.py", "exec"), {})


def test_the_first_call_of_a_function_is_recorded(mechanism, kept, watched):
    """P3."""
    monitor = FocusedFunctionMonitor(kept)
    asked = watched(monitor, "late")
    with monitor:
        run()

    once = [("call", "late"), ("call", "inner"), ("return", "inner"), ("return", "late")]
    assert calls(kept) == once * 2
    assert len(asked) == 1


def test_the_first_line_of_a_function_is_recorded(mechanism, kept, watched):
    """P3."""
    monitor = FocusedLineMonitor(kept)
    watched(monitor, "late")
    with monitor:
        run()

    assert [record.function for record in kept.records] == ["late"] * 2


def test_what_fails_is_not_the_programs_and_is_tried_again(mechanism, kept, watched):
    monitor = FocusedFunctionMonitor(kept)
    watched(monitor, "late", failures=1)
    with monitor:
        run()

    assert ("call", "late") in calls(kept) or not hasattr(sys, "monitoring")
    assert monitor.error is None


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="there is no sys.monitoring")
def test_no_free_tool_id_is_told():
    monitoring = sys.monitoring
    taken = [ident for ident in range(6) if monitoring.get_tool(ident) is None]
    for ident in taken:
        monitoring.use_tool_id(ident, "of this test")
    try:
        with pytest.raises(ValueError, match="all tool ids"):
            NewCode(FocusedLineMonitor(None).functions, print).watch()
    finally:
        for ident in taken:
            monitoring.free_tool_id(ident)
