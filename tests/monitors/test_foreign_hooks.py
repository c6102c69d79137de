"""Other tools beside a monitor: whatever was there goes on, and nothing of it is lost."""

from __future__ import annotations

import bdb
import cProfile
import os
import pstats
import sys
import warnings

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


class Debugger(bdb.Bdb):
    """Stops at each line of a function, by a break point."""

    def __init__(self, function):
        super().__init__()
        self.stopped = []
        self.set_break(function.__code__.co_filename, function.__code__.co_firstlineno + 1)

    def user_line(self, frame):
        self.stopped.append((frame.f_code.co_name, frame.f_lineno))
        self.set_continue()


LINES_OF_GCD = [1, 2, 1, 2, 1, 3]


@pytest.fixture
def debugger():
    made = Debugger(known.gcd)
    yield made
    made.clear_all_breaks()


def lines_of_gcd(recorder):
    first = known.gcd.__code__.co_firstlineno
    return [record.lineNo - first for record in recorder.records if record.function == "gcd"]


def test_a_debugger_stops_where_it_would(mechanism, kept, debugger):
    """B9."""

    def program():
        with LineMonitor(kept):
            known.gcd(12, 3)

    debugger.runcall(program)

    assert [name for name, _ in debugger.stopped].count("gcd") == 3
    assert lines_of_gcd(kept) == LINES_OF_GCD


def test_a_debugger_that_begins_later_stops_too(mechanism, kept, debugger):
    """Where there is one trace function it takes the monitor's off, which is told."""
    with warnings.catch_warnings(record=True, action="always") as warned, LineMonitor(kept):
        debugger.runcall(known.gcd, 12, 3)

    assert [name for name, _ in debugger.stopped].count("gcd") == 3
    if mechanism is sources.hooks:
        assert "hook was taken off" in str(warned[0].message)
    else:
        assert not warned
        assert lines_of_gcd(kept) == LINES_OF_GCD


def counted(profiler):
    return {key[2]: value[1] for key, value in pstats.Stats(profiler).stats.items()}


def test_cprofile_beside_a_monitor_counts_on(mechanism, kept):
    profiler = cProfile.Profile()

    with profiler:
        if sys.version_info < (3, 12):
            with pytest.raises(ValueError, match="disable it first"):
                FunctionMonitor(kept).enable()
        elif mechanism is not sources.hooks:
            with FunctionMonitor(kept):
                known.leaf()
        known.leaf()

    assert counted(profiler)["leaf"] == 1 + calls(kept).count(("call", "leaf"))


def test_the_real_time_profiler_beside_a_monitor_counts_on(kept):
    pytest.importorskip("pikos._lsprof")
    from pikos.external.real_time_profiler import RealTimeProfiler

    with RealTimeProfiler(publish=False) as profiler:
        if sys.version_info < (3, 12):
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
    assert counted["leaf"] == (2 if sys.version_info < (3, 12) else 3)


COVERED = """
def covered(x):
    if x:
        y = 1
    else:
        y = 2
    return y
"""


@pytest.mark.parametrize("core", ["ctrace", "pytrace"])
def test_coverage_measures_what_it_would(python, write, repository, core):
    """B9."""
    write("covered.py", COVERED)
    write(
        "program.py",
        """
        import coverage
        measured = coverage.Coverage(data_file=None, include=["*covered.py"])
        measured.start()
        import covered
        from pikos.monitors.api import FunctionMonitor, LineMonitor
        from pikos.recorders.list_recorder import ListRecorder
        recorder = ListRecorder()
        with LineMonitor(recorder), FunctionMonitor(ListRecorder()):
            covered.covered(1)
        covered.covered(0)
        measured.stop()
        print(sorted(measured.get_data().lines(covered.__file__)))
        print([r.lineNo for r in recorder.records if r.function == "covered"])
        """,
    )

    environment = os.environ | {"COVERAGE_CORE": core, "PYTHONPATH": str(repository)}
    done = python("-W", "error", "program.py", env=environment)

    assert done.stderr == ""
    assert done.stdout.splitlines() == ["[2, 3, 4, 6, 7]", "[3, 4, 7]"]
