"""PythonCProfiler: cProfile counted on and off, attached, and handed to a recorder."""

from __future__ import annotations

import cProfile
import pstats
import sys
import warnings

import pytest
from support.recording import Keeper

from pikos.errors import ProfilerActive, RecordingStopped
from pikos.external.python_cprofiler import PythonCProfiler
from pikos.external.records import FunctionProfileRecord
from pikos.monitors.monitor import Monitor


def leaf():
    return len("leaf")


def counts(profiler):
    """Calls of each function by name."""
    return {name: row[1] for (_, _, name), row in pstats.Stats(profiler).stats.items()}


def test_it_is_a_monitor_and_a_cprofile():
    profiler = PythonCProfiler()

    assert isinstance(profiler, Monitor)
    assert isinstance(profiler, cProfile.Profile)


def test_an_attached_function_is_counted():
    """S60: functions."""
    profiler = PythonCProfiler()

    @profiler.attach
    def work():
        return leaf()

    assert work() == 4
    assert work() == 4

    assert counts(profiler)["work"] == 2
    assert counts(profiler)["leaf"] == 2


def test_a_coroutine_is_counted():
    """S60: coroutines."""
    profiler = PythonCProfiler()

    @profiler.attach
    async def work():
        return leaf()

    with pytest.raises(StopIteration):
        work().send(None)

    assert counts(profiler)["leaf"] == 1


def test_its_own_frames_are_not_in_the_statistics():
    profiler = PythonCProfiler()
    work = profiler.attach(leaf)

    with profiler:
        work()

    assert set(counts(profiler)) <= {
        "leaf",
        "<built-in method builtins.len>",
        "<method 'disable' of '_lsprof.Profiler' objects>",
    }


def test_entering_gives_the_profiler_and_nests():
    profiler = PythonCProfiler()

    with profiler as outer:
        with profiler as inner:
            leaf()
        leaf()

    assert outer is inner is profiler
    assert counts(profiler)["leaf"] == 2


def test_an_answer_without_an_enable_does_nothing():
    profiler = PythonCProfiler()

    profiler.disable()
    with profiler:
        leaf()

    assert counts(profiler)["leaf"] == 1


def test_reading_the_statistics_ends_the_counting(capsys):
    profiler = PythonCProfiler()
    profiler.enable()
    profiler.enable()
    leaf()

    profiler.print_stats()

    leaf()
    assert "leaf" in capsys.readouterr().out
    assert counts(profiler)["leaf"] == 1


def test_run_and_its_kin_work_as_those_of_cprofile():
    profiler = PythonCProfiler(builtins=False)

    assert profiler.runcall(leaf) == 4
    profiler.runctx("leaf()", {"leaf": leaf}, {})

    assert counts(profiler)["leaf"] == 2
    assert not any("len" in name for name in counts(profiler))


def test_a_second_profiler_is_told_who_is_active():
    """S60: on 3.12 and later there is place for one cProfile."""
    if sys.version_info < (3, 12):
        pytest.skip("3.11 has no such place")
    keeper = Keeper()
    profiler = PythonCProfiler(recorder=keeper)

    with cProfile.Profile(), pytest.raises(ProfilerActive, match="while cProfile is"):
        profiler.enable()

    assert keeper.steps == [FunctionProfileRecord, "finalized"]
    with profiler:
        leaf()
    assert counts(profiler)["leaf"] == 1


def test_a_profile_function_goes_on_working_afterwards():
    seen = []

    def hook(frame, event, _):
        if frame.f_code is leaf.__code__:
            seen.append(event)

    before = sys.getprofile()
    sys.setprofile(hook)
    try:
        with PythonCProfiler():
            pass
        leaf()
        assert sys.getprofile() is hook
    finally:
        sys.setprofile(before)

    assert seen[:1] == ["call"]


def test_a_recorder_gets_a_record_of_each_function():
    keeper = Keeper()

    with PythonCProfiler(recorder=keeper):
        leaf()
        leaf()

    (record,) = [record for record in keeper.records if record.function == "leaf"]
    assert keeper.steps == [FunctionProfileRecord, "finalized"]
    assert record.calls == 2
    assert record.recursive_calls == 0
    assert 0 < record.inline_ns <= record.total_ns
    assert record.filename == __file__
    assert record.lineNo == leaf.__code__.co_firstlineno
    assert [each.index for each in keeper.records] == list(range(len(keeper.records)))


def test_a_recorder_gets_again_only_what_has_changed():
    keeper = Keeper()
    profiler = PythonCProfiler(recorder=keeper, builtins=False)

    def once():
        pass

    for functions in ([once, leaf], [leaf]):
        with profiler:
            for function in functions:
                function()

    assert sorted((record.function, record.calls) for record in keeper.records) == [
        ("leaf", 1),
        ("leaf", 2),
        ("once", 1),
    ]


def test_a_recorder_that_fails_is_warned_about_once_and_finalized():
    keeper = Keeper(fail_at=1)
    profiler = PythonCProfiler(recorder=keeper)

    with pytest.warns(RecordingStopped, match="no room") as warned, profiler:
        leaf()

    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert isinstance(profiler.error, OSError)
    assert len(keeper.records) == 1
    assert keeper.steps[-1] == "finalized"
    keeper.fail_at = None
    with warnings.catch_warnings(), profiler:
        leaf()
    assert profiler.error is None


def test_a_recorder_that_cannot_be_prepared_leaves_nothing_on():
    profiler = PythonCProfiler(recorder=Keeper(fail_at="prepare"))

    with pytest.raises(OSError, match="no room"):
        profiler.enable()

    profiler.disable()
    with PythonCProfiler() as other:
        leaf()
    assert counts(other)["leaf"] == 1


def test_the_templates_of_the_records_take_their_fields():
    record = FunctionProfileRecord(0, "work", 3, 1, 10, 20, 7, "work.py")

    assert FunctionProfileRecord.header.format(*record._fields).startswith("   index | function")
    assert record.line.format(*record).endswith("7 | work.py")
