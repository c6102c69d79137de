"""LineProfiler: line_profiler counted on and off, attached, and handed to a recorder."""

from __future__ import annotations

import io
import sys
import threading

import line_profiler as package
import pytest
from support.deadlines import DEADLINE_S
from support.recording import Keeper

from pikos.errors import ProfilerActive
from pikos.external.line_profiler import LineProfiler, line_profile
from pikos.external.python_cprofiler import PythonCProfiler
from pikos.external.records import LineProfileRecord
from pikos.monitors.monitor import Monitor


def leaf(number):
    total = 0
    for each in range(number):
        total += each
    return total


FIRST_LINE = leaf.__code__.co_firstlineno


def hits(profiler):
    """How often each line of leaf was executed, counted from its ``def``."""
    return {
        line - FIRST_LINE: count
        for (_, first, _), timings in profiler.get_stats().timings.items()
        if first == FIRST_LINE
        for line, count, _ in timings
    }


def test_it_is_a_monitor_and_a_line_profiler():
    """B22."""
    profiler = LineProfiler()

    assert isinstance(profiler, Monitor)
    assert isinstance(profiler, package.LineProfiler)


def test_the_lines_of_the_functions_given_are_counted():
    """S61: hits per line; the function decorated is another one."""
    profiler = LineProfiler(leaf)

    @profiler.attach
    def work():
        return leaf(5)

    assert work() == 10

    assert hits(profiler) == {1: 1, 2: 6, 3: 5, 4: 1}
    assert len(profiler.get_stats().timings) == 1


def test_without_functions_those_it_is_attached_to_are_counted():
    """S61: ``@profiler.attach`` alone."""
    profiler = LineProfiler()

    work = profiler.attach(leaf)
    work(5)

    assert hits(profiler) == {1: 1, 2: 6, 3: 5, 4: 1}


def test_the_decorated_function_can_be_counted_beside_those_given():
    profiler = LineProfiler(hits)

    work = profiler.attach(include_decorated=True)(leaf)
    work(2)

    assert hits(profiler)[4] == 1


def test_it_counts_only_while_it_is_on():
    profiler = LineProfiler(leaf)

    leaf(1)
    with profiler as given:
        leaf(1)
    leaf(1)

    assert given is profiler
    assert hits(profiler)[4] == 1


def test_generators_are_counted_while_they_run():
    profiler = LineProfiler()

    @profiler.attach
    def work():
        yield 1
        yield 2

    assert list(work()) == [1, 2]

    (timings,) = profiler.get_stats().timings.values()
    assert [count for _, count, _ in timings] == [1, 1]


def test_the_package_s_own_ways_to_switch_on_nest_with_ours():
    profiler = LineProfiler()
    work = profiler(leaf)

    with profiler:
        work(1)
        leaf(1)

    assert hits(profiler)[4] == 2


def test_each_thread_counts_between_its_own_enable_and_disable():
    profiler = LineProfiler(leaf)
    thread = threading.Thread(target=profiler.attach(lambda: leaf(1)))

    with profiler:
        thread.start()
        thread.join(DEADLINE_S)
        profiler.disable()
    leaf(1)

    assert hits(profiler)[4] == 1


def test_what_has_no_lines_is_warned_about():
    with pytest.warns(UserWarning, match="no lines"):
        LineProfiler(len)


def test_the_statistics_are_printed():
    profiler = LineProfiler(leaf)
    with profiler:
        leaf(3)
    stream = io.StringIO()

    profiler.print_stats(stream)

    assert "total += each" in stream.getvalue()


def test_a_recorder_gets_a_record_of_each_line():
    keeper = Keeper()

    with LineProfiler(leaf, recorder=keeper):
        leaf(3)

    assert keeper.steps == [LineProfileRecord, "finalized"]
    assert [
        (record.index, record.lineNo - FIRST_LINE, record.hits) for record in keeper.records
    ] == [
        (0, 1, 1),
        (1, 2, 4),
        (2, 3, 3),
        (3, 4, 1),
    ]
    assert keeper.records[2].source == "        total += each"
    assert keeper.records[2].total_ns > 0
    assert keeper.records[2].filename == __file__


def test_a_profiler_in_its_place_is_named():
    """S02: profilers beside one another, as far as the interpreter has places."""
    if sys.version_info < (3, 12):
        pytest.skip("3.11 has no such place")
    profiler = LineProfiler(leaf)

    with PythonCProfiler(), pytest.raises(ProfilerActive, match="cProfile"):
        profiler.enable()

    with profiler:
        leaf(1)
    assert hits(profiler)[4] == 1


def test_the_factory_s_decorator_counts_what_it_decorates():
    @line_profile()
    def work():
        return 1

    work()

    (timings,) = work.monitor.get_stats().timings.values()
    assert [count for _, count, _ in timings] == [1]


def test_the_templates_of_the_records_take_their_fields():
    record = LineProfileRecord(0, "work", 7, 3, 20, "    pass", "work.py")

    assert LineProfileRecord.header.format(*record._fields).endswith("source filename")
    assert record.line.format(*record).endswith("    pass work.py")
