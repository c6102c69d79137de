"""YappiProfiler: yappi counted on and off, attached, mirrored, and handed to a recorder."""

from __future__ import annotations

import io
import sys
import threading

import pytest
import yappi
from support.deadlines import DEADLINE_S
from support.recording import Keeper

from pikos.errors import PikosError
from pikos.external.python_cprofiler import PythonCProfiler
from pikos.external.records import FunctionProfileRecord
from pikos.external.yappi_profiler import YappiProfiler, yappi_profile


@pytest.fixture(autouse=True)
def _fresh():
    """Begin and end with yappi off and empty."""
    before = sys.getprofile()
    yield
    yappi.stop()
    yappi.clear_stats()
    yappi.set_clock_type("cpu")
    sys.setprofile(before)


def leaf():
    return len("leaf")


def counts(profiler):
    """Calls of each function by name."""
    return {entry.name: entry.ncall for entry in profiler.get_stats()}


def test_an_attached_function_is_counted():
    """S62, B21: start and stop; only its own calls and what they call."""
    profiler = YappiProfiler()

    @profiler.attach
    def work():
        return leaf()

    assert work() == work() == 4
    leaf()

    assert not profiler.is_running()
    assert counts(profiler)["leaf"] == 2
    assert "len" not in " ".join(counts(profiler))


def test_its_own_frames_are_not_in_the_statistics():
    profiler = YappiProfiler()
    work = profiler.attach(leaf)

    with profiler:
        work()

    assert counts(profiler) == {"leaf": 1}


def test_other_threads_are_counted_unless_that_is_not_wanted():
    for threads, expected in ((True, 1), (False, 0)):
        profiler = YappiProfiler(threads=threads)
        profiler.clear_stats()
        with profiler:
            thread = threading.Thread(target=leaf)
            thread.start()
            thread.join(DEADLINE_S)

        assert counts(profiler).get("leaf", 0) == expected


def test_builtins_are_counted_if_wanted():
    """B21."""
    profiler = YappiProfiler(builtins=True)

    with profiler:
        leaf()

    assert any("len" in name for name in counts(profiler))


def test_a_yappi_that_runs_already_is_left_running():
    """B21."""
    yappi.start()

    with YappiProfiler() as profiler:
        pass

    assert profiler.is_running()


def test_the_mirror_shows_what_yappi_has():
    """S62: the mirrored methods."""
    profiler = YappiProfiler()
    profiler.start()
    assert profiler.is_running()
    leaf()
    profiler.stop()
    assert not profiler.is_running()
    names, threads = [], []

    profiler.enum_stats(lambda entry: names.append(entry.name))
    profiler.enum_thread_stats(lambda entry: threads.append(entry.name))
    out = io.StringIO()
    profiler.print_stats(out)

    assert "leaf" in names
    assert threads == [entry.name for entry in profiler.get_thread_stats()] != []
    assert "leaf" in out.getvalue()
    profiler.clear_stats()
    assert counts(profiler) == {}


def test_the_clock_is_chosen():
    with YappiProfiler(clock="wall") as profiler:
        assert profiler.clock_type() == "wall"


def test_a_clock_that_cannot_be_changed_says_what_to_do_and_leaves_nothing_on():
    with YappiProfiler():
        leaf()
    profiler = YappiProfiler(clock="wall")

    with pytest.raises(PikosError, match="clear_stats"):
        profiler.enable()

    assert not profiler.is_running()
    profiler.clear_stats()
    with profiler:
        assert profiler.is_running()


def test_a_clock_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="'sun'"):
        YappiProfiler(clock="sun")


def test_a_profile_function_goes_on_working_afterwards():
    def hook(*_):
        pass

    sys.setprofile(hook)

    with YappiProfiler():
        leaf()

    assert sys.getprofile() is hook


def test_a_recorder_gets_a_record_of_each_function():
    keeper = Keeper()

    with YappiProfiler(keeper):
        leaf()
        leaf()

    (record,) = keeper.records
    assert keeper.steps == [FunctionProfileRecord, "finalized"]
    assert record[:4] == (0, "leaf", 2, 0)
    assert record[6:] == (leaf.__code__.co_firstlineno, __file__)


def test_the_factory_makes_a_decorator():
    """B21."""

    @yappi_profile(builtins=True, clock="wall")
    def work():
        return leaf()

    work()

    assert any("len" in name for name in counts(work.monitor))


def test_one_program_is_profiled_by_one_after_the_other():
    """S02: the external profilers through ``attach`` and ``with``."""
    yappi_profiler = YappiProfiler()
    c_profiler = PythonCProfiler()
    work = c_profiler.attach(yappi_profiler.attach(leaf))

    with yappi_profiler:
        leaf()
    with c_profiler:
        leaf()

    assert work() == 4
    assert counts(yappi_profiler)["leaf"] == 2
