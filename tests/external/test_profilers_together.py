"""External profilers beside the monitors, with the recorders, and on one program in turn."""

from __future__ import annotations

import asyncio
import csv
import io
import sys

import pytest
from support.recording import Keeper

from pikos.external.api import LineProfiler, PythonCProfiler, YappiProfiler
from pikos.external.records import FunctionProfileRecord, LineProfileRecord
from pikos.monitors import sources
from pikos.monitors.api import FunctionMonitor, LineMonitor
from pikos.recorders.api import CSVFileRecorder, CSVRecorder, ListRecorder, TextStreamRecorder

ONE_PLACE = sys.version_info < (3, 12)
"""Whether the interpreter has one place for cProfile and all hooks on function events."""
TAKEN = ONE_PLACE and not sources.native_is_chosen()
"""Whether that is taken for all: the extension calls what has it."""


def leaf(number):
    total = number
    return total + 1


KINDS = {
    "cProfile": lambda recorder=None: PythonCProfiler(recorder=recorder),
    "line_profiler": lambda recorder=None: LineProfiler(leaf, recorder=recorder),
    "yappi": lambda recorder=None: YappiProfiler(recorder),
}


@pytest.fixture(params=KINDS)
def made(request):
    """Make a profiler of each kind; yappi begins empty and ends so."""
    YappiProfiler().clear_stats()
    yield KINDS[request.param]
    YappiProfiler().clear_stats()


def calls_of_leaf(records):
    """How often the function was called, by the last record of it or of its first line."""
    counts = [
        record.hits if isinstance(record, LineProfileRecord) else record.calls
        for record in records
        if record.function == "leaf"
        and getattr(record, "source", "    total = number") == "    total = number"
    ]
    return counts[-1] if counts else 0


def test_attach_and_with_are_the_same_for_all(made):
    """S02: one program under each of them."""
    recorder = ListRecorder()
    profiler = made(recorder)
    work = profiler.attach()(leaf)

    with profiler as given:
        leaf(1)
        work(1)
    work(1)

    assert given is profiler
    assert calls_of_leaf(recorder.records) == 3


def test_recursion_is_profiled_to_its_end(made):
    """S60: only the outermost call switches off."""
    recorder = ListRecorder()
    profiler = made(recorder)

    @profiler.attach
    def work(depth):
        if depth:
            work(depth - 1)
        leaf(depth)

    work(3)
    leaf(0)

    assert calls_of_leaf(recorder.records) == 4


def test_generators_are_profiled_while_they_run(made):
    """S60, S67."""
    recorder = ListRecorder()
    profiler = made(recorder)

    @profiler.attach
    def work():
        yield leaf(1)
        yield leaf(2)

    for _ in work():
        leaf(0)

    assert calls_of_leaf(recorder.records) == 2


def test_coroutines_and_async_generators_are_profiled_while_they_run(made):
    recorder = ListRecorder()
    profiler = made(recorder)

    @profiler.attach
    async def numbers():
        for number in range(2):
            await asyncio.sleep(0)
            yield leaf(number)

    @profiler.attach
    async def last():
        found = [number async for number in numbers()]
        await asyncio.sleep(0)
        return leaf(found[-1])

    assert asyncio.run(last()) == 3

    leaf(0)
    assert calls_of_leaf(recorder.records) == 3


def test_methods_of_all_kinds_are_profiled(made):
    recorder = ListRecorder()
    profiler = made(recorder)

    class Some:
        @profiler.attach
        def method(self):
            return leaf(1)

        @profiler.attach
        @classmethod
        def of_class(cls):
            return leaf(2)

        @staticmethod
        @profiler.attach
        def static():
            return leaf(3)

    assert (Some().method(), Some.of_class(), Some().static()) == (2, 3, 4)

    assert calls_of_leaf(recorder.records) == 3


@pytest.mark.parametrize("monitor_class", [FunctionMonitor, LineMonitor])
def test_a_monitor_around_it_goes_on_afterwards(made, monitor_class):
    recorder = ListRecorder()

    with monitor_class(recorder):
        with made():
            pass
        leaf(1)

    assert "leaf" in {record.function for record in recorder.records}


@pytest.mark.parametrize("recorder_class", [ListRecorder, Keeper])
@pytest.mark.parametrize("monitor_class", [FunctionMonitor, LineMonitor])
def test_a_monitor_within_it_records(made, monitor_class, recorder_class):
    if TAKEN and made is KINDS["cProfile"] and monitor_class is FunctionMonitor:
        pytest.skip("3.11 has one place for both")
    recorder = recorder_class()
    profiles = ListRecorder()

    with made(profiles):
        leaf(1)
        with monitor_class(recorder):
            leaf(1)

    assert "leaf" in {record.function for record in recorder.records}
    assert calls_of_leaf(profiles.records) >= 1


@pytest.mark.skipif(not TAKEN, reason="both can run")
def test_a_monitor_that_finds_its_place_taken_says_so_and_the_profile_goes_on():
    recorder = ListRecorder()

    with PythonCProfiler(recorder=recorder):
        with pytest.raises(ValueError, match="PythonCProfiler"):
            FunctionMonitor(Keeper()).enable()
        leaf(1)

    assert calls_of_leaf(recorder.records) == 1


@pytest.mark.skipif(ONE_PLACE, reason="there a monitor is set by functions of threading")
def test_a_monitor_s_machinery_is_not_in_a_profile():
    recorder = ListRecorder()
    profiler = PythonCProfiler(recorder=recorder, builtins=False)

    with profiler, FunctionMonitor(ListRecorder()):
        leaf(1)

    assert {record.function for record in recorder.records} <= {"leaf"}


def test_each_call_of_a_decorated_function_adds_to_one_file(made, tmp_path):
    path = tmp_path / "profile.csv"
    work = made(CSVFileRecorder(str(path))).attach(leaf)

    for _ in range(3):
        work(1)

    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == list(range(len(rows)))
    counts = [
        int(row.get("calls") or row["hits"])
        for row in rows
        if row["function"] == "leaf" and row.get("source", "") in {"", "    total = number"}
    ]
    assert counts == [1, 2, 3]


def test_a_text_recorder_uses_the_templates(made):
    stream = io.StringIO()

    with made(TextStreamRecorder(stream, formatted=True)):
        leaf(1)

    header, dashes, *lines = stream.getvalue().splitlines()
    assert header.startswith("   index | function")
    assert dashes == "-" * len(header)
    assert any("leaf" in line and " | " in line for line in lines)


def test_two_profilers_may_share_a_recorder():
    stream = io.StringIO()
    recorder = CSVRecorder(stream)
    YappiProfiler().clear_stats()

    with PythonCProfiler(recorder=recorder), LineMonitor(ListRecorder()):
        pass
    with YappiProfiler(recorder):
        leaf(1)

    header, *_ = stream.getvalue().splitlines()
    assert header == ",".join(FunctionProfileRecord._fields)
    assert "leaf" in stream.getvalue()
    YappiProfiler().clear_stats()
