"""Another tool takes a monitor's events away."""

from __future__ import annotations

import sys

import pytest

from pikos.errors import HookTakenOff, RecordingStopped
from pikos.monitors import sources
from pikos.monitors.api import FocusedLineMonitor, FunctionMonitor, LineMonitor

pytestmark = pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="there is no sys.monitoring")


def work():
    return 1


def take():
    for ident in range(6):
        if str(sys.monitoring.get_tool(ident)).startswith("pikos-"):
            sys.monitoring.set_events(ident, 0)


@pytest.mark.parametrize(("monitor_type", "records"), [(FunctionMonitor, 2), (LineMonitor, 1)])
def test_that_is_told_when_the_monitor_is_disabled(mechanism, kept, monitor_type, records):
    """P6: what was recorded until then is kept."""
    if mechanism is sources.hooks:
        pytest.skip("no tool of sys.monitoring")
    monitor = monitor_type(kept)
    monitor.enable()
    work()
    take()
    with pytest.warns(RecordingStopped):
        monitor.disable()

    assert isinstance(monitor.error, HookTakenOff)
    assert [record.function for record in kept.records].count("work") == records


def test_several_monitors_of_which_one_goes_on_are_whole(mechanism, kept):
    """P6: also where lines are asked for in some code only."""
    with FocusedLineMonitor(kept, functions=[work]) as outer:
        with FunctionMonitor(kept) as inner:
            work()
        work()

    assert (inner.error, outer.error) == (None, None)
    assert kept.records
