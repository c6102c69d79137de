"""Raw records of several layouts are kept close together, and in the order of their events."""

from __future__ import annotations

import contextlib

import pytest
from support import known
from support.workloads import syntax_trees

from pikos.api import function_monitor
from pikos.monitors import sources
from pikos.monitors.api import FunctionMonitor, FunctionTimeMonitor, LineMonitor
from pikos.native import EVENTS
from pikos.recorders.api import ListRecorder

pytestmark = pytest.mark.skipif(
    not sources.native_is_chosen(), reason="the extension pikos._events is not there"
)

RECORDS = 5000
MOST_BYTES = 64
"""Of a record, as ListRecorder promises."""
NOISE_BYTES = 1_000_000
"""What a process takes for other things meanwhile."""


def record_by_a_decorated_function(recorder):
    function = function_monitor(recorder=recorder)(known.leaf)
    while True:
        function()
        yield


def record_by_with_blocks(recorder):
    monitor = FunctionMonitor(recorder)
    while True:
        with monitor:
            known.leaf()
        yield


def record_by_many_enables_of_new_monitors(recorder):
    while True:
        with FunctionMonitor(recorder):
            known.leaf()
        yield


def record_by_two_monitors_at_once(recorder):
    with FunctionMonitor(recorder), FunctionMonitor(recorder):
        while True:
            known.leaf()
            yield


def record_by_monitors_of_three_layouts_at_once(recorder):
    with (
        FunctionMonitor(recorder),
        FunctionMonitor(recorder, fields=("index", "function")),
        LineMonitor(recorder),
    ):
        while True:
            known.leaf()
            yield


@pytest.mark.parametrize(
    "record",
    [
        record_by_a_decorated_function,
        record_by_with_blocks,
        record_by_many_enables_of_new_monitors,
        record_by_two_monitors_at_once,
        record_by_monitors_of_three_layouts_at_once,
    ],
    ids=lambda record: record.__name__,
)
def test_native_memory_until_records_are_read_is_little_whoever_shares_it(record):
    """C2: a change of layout takes one word, and not a block."""
    psutil = pytest.importorskip("psutil")
    process = psutil.Process()
    recorder = ListRecorder()

    with contextlib.closing(record(recorder)) as steps:
        while len(recorder._raw) < RECORDS:
            next(steps)
        before, count = process.memory_info().rss, len(recorder._raw)
        while len(recorder._raw) < count + RECORDS:
            next(steps)
        after, more = process.memory_info().rss, len(recorder._raw) - count

    assert after - before < more * MOST_BYTES + NOISE_BYTES


def test_native_recorders_with_few_records_each_take_little_memory_until_they_are_read():
    """C2: the first block of a recorder is small."""
    psutil = pytest.importorskip("psutil")
    process = psutil.Process()
    recorders = [ListRecorder() for _ in range(1000)]

    before = process.memory_info().rss
    for recorder in recorders:
        with FunctionMonitor(recorder):
            for _ in range(8):
                known.leaf()
    after = process.memory_info().rss

    count = sum(len(recorder._raw) for recorder in recorders)
    assert count >= 16_000
    assert after - before < count * MOST_BYTES + NOISE_BYTES


def test_native_layouts_that_are_equal_by_value_are_one():
    """C2: so monitors that record alike change nothing between their records."""
    layout = EVENTS.Layout(tuple, ("index", "function"))

    assert EVENTS.Layout(tuple, ("index", "function")) is layout
    assert EVENTS.Layout(tuple, ("function", "index")) is not layout
    assert EVENTS.Layout(tuple, ("index",)) is not layout
    assert EVENTS.Layout(type("Record", (tuple,), {}), ("index", "function")) is not layout


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 50, 1000])
def test_native_records_of_several_layouts_are_the_newest_in_their_order(limit):
    """C2: also where a limit drops records, and with them the changes of layout between them."""
    raw, kept = EVENTS.Rows(limit), EVENTS.Rows()
    monitors = []
    for rows in (raw, kept):
        recorder = ListRecorder()
        recorder._raw = rows
        monitors += [
            FunctionMonitor(recorder, fields=("index", "type", "function", "thread_name")),
            FunctionTimeMonitor(recorder, fields=("index", "function", "thread_id", "RSS", "VMS")),
            FunctionMonitor(recorder, fields=("function", "index")),
        ]

    for chosen in ([0], [0, 1], [1, 2], [2, 1, 0], [0], [2]):
        for number in chosen:
            monitors[number].enable()
            monitors[number + 3].enable()
        syntax_trees()
        for number in chosen:
            monitors[number].disable()
            monitors[number + 3].disable()
    dropped, everything, newest = raw.take_dropped(), kept.take(), raw.take()

    assert len(everything) == len(newest) + dropped
    assert [without_memory(record) for record in newest] == [
        without_memory(record) for record in everything[dropped:]
    ]


def without_memory(record):
    return tuple(
        value for name, value in record._asdict().items() if name not in {"RSS", "VMS", "index"}
    )
