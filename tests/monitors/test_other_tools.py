"""A debugger, coverage and cProfile beside a monitor, started before it and after it."""

from __future__ import annotations

import bdb
import cProfile
import io
import pdb  # noqa: T100 - what is tested here
import pstats
import sys
import warnings
from functools import cache, partial

import coverage
import pytest
from support import known

from pikos.monitors import sources
from pikos.monitors.api import FunctionMonitor, LineMonitor

BREAK = known.__file__, known.gcd.__code__.co_firstlineno + 1
ONE_PLACE = sys.version_info < (3, 12)
"""Whether there is one profile function for cProfile and all others."""


class Debugging:
    """A debugger begins and ends as its ``runcall`` does, without a call."""

    def begin(self):
        self.set_break(*BREAK)
        self.reset()
        sys.settrace(self.trace_dispatch)

    def end(self):
        self.quitting = True
        sys.settrace(None)
        self.clear_all_breaks()


class Bdb(Debugging, bdb.Bdb):
    """Notes where it stops."""

    def __init__(self):
        super().__init__()
        self.stopped = []

    def user_line(self, frame):
        self.stopped.append((frame.f_code.co_name, frame.f_lineno))
        self.set_continue()

    def found(self):
        return [stop for stop in self.stopped if stop[0] == "gcd"]


class Pdb(Debugging, pdb.Pdb):
    """Is told to print a variable wherever it stops."""

    def __init__(self):
        commands = io.StringIO("p 'x is', x\nc\n" * 10)
        super().__init__(stdin=commands, stdout=io.StringIO(), nosigint=True, readrc=False)
        self.use_rawinput = False

    def found(self):
        return [line for line in self.stdout.getvalue().splitlines() if "x is" in line]


class CProfile:
    def __init__(self):
        self.profiler = cProfile.Profile()

    def begin(self):
        self.profiler.enable()

    def end(self):
        self.profiler.disable()

    def found(self):
        stats = pstats.Stats(self.profiler).stats
        return [(key[2], value[1]) for key, value in stats.items() if key[0] == known.__file__]


class Coverage:
    def __init__(self, core):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COVERAGE_CORE", core)
            self.measured = coverage.Coverage(data_file=None, include=[known.__file__])
            self.begin()  # makes what it needs, of which lines would be recorded
            self.end()

    def begin(self):
        self.measured.start()

    def end(self):
        self.measured.stop()

    def found(self):
        return sorted(self.measured.get_data().lines(known.__file__) or ())


TRACING = {
    "bdb": Bdb,
    "pdb": Pdb,
    "coverage in C": partial(Coverage, "ctrace"),
    "coverage in Python": partial(Coverage, "pytrace"),
}
"""Those that are the trace function of their thread."""
TOOLS = TRACING | {"cProfile": CProfile}
if not ONE_PLACE:
    TOOLS["coverage by sys.monitoring"] = partial(Coverage, "sysmon")


def program():
    known.gcd(12, 3)
    known.leaf()


@cache
def found_alone(name):
    tool = TOOLS[name]()
    tool.begin()
    program()
    tool.end()
    assert tool.found()
    return tool.found()


def events_of_the_program(recorder):
    events = [
        (record.function, record.lineNo)
        for record in recorder.records
        if record.filename == known.__file__
    ]
    recorder.records.clear()
    return events


@pytest.fixture(params=[FunctionMonitor, LineMonitor])
def monitor(request, mechanism, kept):
    return request.param(kept)


@pytest.fixture
def recorded_alone(monitor, kept):
    with monitor:
        program()
    return events_of_the_program(kept)


def is_refused(monitor):
    if not (ONE_PLACE and isinstance(monitor, FunctionMonitor)):
        return False
    with pytest.raises(ValueError, match="disable it first"):
        monitor.enable()
    return True


def takes_the_place_of(monitor, name, mechanism):
    """Whether the tool has the one place that the interpreter has for the monitor's hook."""
    if name == "cProfile":
        return ONE_PLACE and isinstance(monitor, FunctionMonitor)
    by_a_hook = ONE_PLACE or mechanism is sources.hooks
    return by_a_hook and name in TRACING and isinstance(monitor, LineMonitor)


@pytest.mark.parametrize("name", TOOLS)
def test_a_monitor_that_begins_later_disturbs_no_tool(
    mechanism, kept, monitor, recorded_alone, name
):
    """B9: it is refused where a tool in C has its place, and Python code cannot call that."""
    expected = recorded_alone
    tool = TOOLS[name]()

    tool.begin()
    if mechanism is sources.hooks and name == "cProfile" and is_refused(monitor):
        expected = []
    else:
        monitor.enable()
    program()
    monitor.disable()
    tool.end()

    assert tool.found() == found_alone(name)
    assert events_of_the_program(kept) == expected


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_that_begins_later_takes_a_monitors_place_at_most(
    mechanism, kept, monitor, recorded_alone, name
):
    """B9: where there is one place, in which the tool calls nobody; that is told."""
    tool = TOOLS[name]()

    with warnings.catch_warnings(record=True, action="always") as warned, monitor:
        tool.begin()
        program()
        tool.end()

    assert tool.found() == found_alone(name)
    if takes_the_place_of(monitor, name, mechanism):
        assert "hook was taken off" in str(warned[0].message)
    else:
        assert not warned
        assert events_of_the_program(kept) == recorded_alone
