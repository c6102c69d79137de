"""Record types, the fields that they ask for, and what is measured for these."""

from __future__ import annotations

import collections
import itertools
import json
import mmap
import pickle

import psutil
import pytest
from support import known
from support.recorded import calls, fields, indexes

from pikos.monitors import records
from pikos.monitors.api import (
    FocusedFunctionMemoryMonitor,
    FocusedLineMemoryMonitor,
    FunctionMemoryMonitor,
    FunctionMemoryTimeRecord,
    FunctionMonitor,
    FunctionRecord,
    FunctionTimeMonitor,
    FunctionTimeRecord,
    LineMemoryMonitor,
    LineMemoryRecord,
    LineMemoryTimeRecord,
    LineMonitor,
    LineRecord,
    LineTimeMonitor,
    LineTimeRecord,
)

MEGABYTE = 1 << 20
SEED = {
    "FunctionRecord": ("{:<8} {:<11} {:<30} {:<5} {}", "{:<8} {:<11} {:<30} {:<5} {}"),
    "LineRecord": ("{:<12} {:<50} {:<7} {} -- {}", "{:<12} {:<50} {:<7} {} -- {}"),
    "FunctionMemoryRecord": (
        "{:<8} | {:<11} | {:<12} | {:<15} | {:<15} | {:>6} | {}",
        "{:>8} | {:<11} | {:<12} | {:>15} | {:>15} | {:>6} | {}",
    ),
    "LineMemoryRecord": (
        "{:^12} | {:^30} | {:^7} | {:^15} | {:^15} | {} {}",
        "{:<12} | {:<30} | {:<7} | {:>15} | {:>15} | {} {}",
    ),
}


@pytest.mark.parametrize("record_type", records.RECORD_TYPES, ids=lambda kind: kind.__name__)
def test_a_record_is_a_tuple_with_templates(record_type):
    """S43, S44, S45, S46: templates, equality, pickle and JSON."""
    values = tuple(range(len(record_type._fields)))

    record = record_type(*values)

    assert record == values
    assert pickle.loads(pickle.dumps(record)) == record
    assert type(pickle.loads(pickle.dumps(record))) is record_type
    assert json.loads(json.dumps(record)) == list(values)
    assert [getattr(record, name) for name in record._fields] == list(values)
    assert not hasattr(record, "__dict__")
    for value in (record_type.header.format(*record._fields), record_type.line.format(*record)):
        assert value.split()[-1] in {"filename", str(values[-1])}
    expected = SEED.get(record_type.__name__, (record_type.header, record_type.line))
    assert (record_type.header, record_type.line) == expected


@pytest.mark.parametrize("record_type", records.RECORD_TYPES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor])
def test_any_monitor_makes_any_record(mechanism, kept, monitor_type, record_type):
    with monitor_type(kept, record_type) as monitor:
        known.gcd(12, 3)

    record = kept.records[0]
    assert type(record) is record_type
    assert monitor.record_type is record_type
    assert kept.steps[0] is record_type
    assert record.index == 0
    assert isinstance(record.lineNo, int)


def test_fields_are_gathered_in_the_order_asked_for(mechanism, kept):
    with FunctionMonitor(kept, fields=("function", "RSS", "index")):
        known.leaf()

    record = kept.records[0]
    assert record._fields == ("function", "RSS", "index")
    assert record[0::2] == ("leaf", 0)
    assert abs(record.RSS - psutil.Process().memory_info().rss) < 200 * MEGABYTE


def test_one_field_is_a_record_too(mechanism, kept):
    with FunctionMonitor(kept, fields=["type"]):
        known.leaf()

    assert kept.records == [("call",), ("return",)]


def test_known_fields_give_the_known_record_type():
    assert records.record_type_of(LineRecord._fields) is LineRecord
    assert records.record_type_of(iter(FunctionRecord._fields)) is FunctionRecord


def test_fields_nobody_can_gather_are_named(kept):
    Own = collections.namedtuple("Own", "index colour")  # noqa: PYI024 - made as users do

    with pytest.raises(ValueError, match=r"'colour'.*known.*last_exit_ns"):
        FunctionMonitor(kept, fields=("index", "colour"))
    with pytest.raises(ValueError, match="'colour'"):
        FunctionMonitor(kept, Own)
    with pytest.raises(ValueError, match="at least one"):
        FunctionMonitor(kept, fields=())
    with pytest.raises(ValueError, match="not both"):
        FunctionMonitor(kept, FunctionRecord, fields=("index",))


def test_names_of_ones_own_are_filled_by_position(mechanism, kept):
    Own = collections.namedtuple("Own", "number kind name line_number path")  # noqa: PYI024 - as above

    with FunctionMonitor(kept, Own):
        known.leaf()

    assert fields(kept, "number", "kind", "name") == [(0, "call", "leaf"), (1, "return", "leaf")]


def test_time_is_read_when_the_monitor_is_told_and_when_it_is_done(mechanism, kept):
    """B10: parity 1.16: the program's own time is what is between."""
    clock = itertools.count()

    with FunctionTimeMonitor(kept, clock=lambda: next(clock)):
        known.gcd_internal(3, 3)

    times = fields(kept, "time_ns", "last_exit_ns")
    events = len(kept.records)
    assert times == list(
        zip(range(0, 2 * events, 2), [0, *range(1, 2 * events - 1, 2)], strict=True)
    )
    assert kept.steps[0] is FunctionTimeRecord


def test_time_of_lines_does_not_go_back(mechanism, kept):
    with LineTimeMonitor(kept):
        known.gcd(12, 3)

    flat = [time for pair in fields(kept, "last_exit_ns", "time_ns") for time in pair]
    assert flat[0] == 0
    assert flat == sorted(flat)
    assert kept.steps[0] is LineTimeRecord


@pytest.mark.parametrize(
    ("monitor_type", "record_type"),
    [
        (FunctionMemoryMonitor, FunctionMemoryTimeRecord),
        (LineMemoryMonitor, LineMemoryTimeRecord),
    ],
)
def test_memory_and_time_go_together(mechanism, kept, monitor_type, record_type):
    with monitor_type(kept, record_type):
        known.gcd(12, 3)

    record = kept.records[0]
    assert record.RSS > MEGABYTE
    assert record.time_ns > 0
    assert record.thread_name == "MainThread"


# Mapped memory is new memory: the allocator may have some left from other tests.
def allocating(kept_blocks):
    kept_blocks.append(mmap.mmap(-1, 50 * MEGABYTE))
    kept_blocks[0][::4096] = bytes(len(kept_blocks[0][::4096]))


def spiking():
    block = mmap.mmap(-1, 50 * MEGABYTE)
    block[::4096] = bytes(len(block[::4096]))
    del block


def test_what_a_record_holds_is_gathered_once(mechanism, kept):
    """B7: reading memory is what costs most."""

    class Counting(FunctionMemoryMonitor):
        gathered = 0

        def gather_info(self, frame, event, arg):
            self.gathered += 1
            return super().gather_info(frame, event, arg)

    with Counting(kept) as monitor:
        known.gcd(12, 3)

    assert monitor.gathered == len(kept.records) > 1
    assert indexes(kept) == list(range(len(kept.records)))


def test_memory_that_a_function_takes_is_seen_at_its_return(mechanism, kept):
    """S03, S34, S35: and _process is there only while the monitor is on."""
    blocks = []
    monitor = FocusedFunctionMemoryMonitor(kept, functions=[allocating])

    with monitor:
        assert monitor._process is not None
        allocating(blocks)

    first, last = kept.records[0], kept.records[-1]
    assert (first.type, last.type) == ("call", "return")
    assert last.RSS - first.RSS > 45 * MEGABYTE
    assert last.VMS - first.VMS > 45 * MEGABYTE
    assert monitor._process is None


def test_a_spike_within_a_function_is_seen_by_lines(mechanism, kept):
    """S03, S38, S39."""
    with FocusedLineMemoryMonitor(kept, functions=[spiking]):
        spiking()

    before, _, spike = (record.RSS for record in kept.records)
    assert spike - before > 45 * MEGABYTE
    assert LineMemoryRecord is kept.steps[0]
    assert "del block" in kept.records[-1].line


def test_plain_tuples_are_what_a_tuple_type_gives(mechanism, kept):
    with FunctionMonitor(kept, tuple):
        known.leaf()

    assert [type(record) for record in kept.records] == [tuple, tuple]
    assert kept.records[0][:3] == (0, "call", "leaf")


def test_the_line_of_a_function_event_can_be_asked_for(mechanism, kept):
    with FunctionMonitor(kept, fields=("type", "function", "line")):
        known.leaf()

    assert [record.line for record in kept.records] == ["def leaf():", "    return 1"]
    assert calls(kept) == [("call", "leaf"), ("return", "leaf")]


def test_memory_is_read_at_most_once_in_its_interval(mechanism, kept):
    fields_ = ("RSS", "memory_age_ns")

    with FunctionMonitor(kept, fields=fields_, memory_interval=10e6):
        known.gcd_internal(12, 3)

    sizes, ages = zip(*kept.records, strict=True)
    assert len(set(sizes)) == 1
    assert sizes[0] > MEGABYTE
    assert ages[0] == 0
    assert ages[-1] > 0
    assert list(ages) == sorted(ages)


def test_memory_without_an_interval_is_read_at_each_event(mechanism, kept):
    with FunctionMonitor(kept, fields=("VMS", "memory_age_ns")):
        known.gcd_internal(12, 3)

    assert {record.memory_age_ns for record in kept.records} == {0}
    assert kept.records[0].VMS > MEGABYTE


@pytest.mark.parametrize("interval", [-1.0, float("inf"), float("nan")])
def test_an_interval_that_is_none_is_refused(kept, interval):
    with pytest.raises(ValueError, match="memory_interval is"):
        FunctionMemoryMonitor(kept, memory_interval=interval)
