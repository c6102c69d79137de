"""What the documentation of the original says of its monitors and records."""

from __future__ import annotations

import contextlib
import io
import sys

import psutil
import pytest
from support.known import boo, gcd

from pikos.monitors import api
from pikos.recorders.api import ListRecorder, TextStreamRecorder

FUNCTION_MONITORS = [api.FunctionMonitor, api.FunctionMemoryMonitor, api.FunctionTimeMonitor]
LINE_MONITORS = [api.LineMonitor, api.LineMemoryMonitor, api.LineTimeMonitor]
FOCUSED = [
    api.FocusedFunctionMonitor,
    api.FocusedFunctionMemoryMonitor,
    api.FocusedLineMonitor,
    api.FocusedLineMemoryMonitor,
]
MEGABYTE = 1 << 20


@pytest.fixture
def recorder():
    return ListRecorder()


def events(recorder):
    return [(record.type, record.function) for record in recorder.records]


def of_gcd(recorder):
    return [record for record in recorder.records if record.function == "gcd"]


@pytest.mark.parametrize("monitor_type", FUNCTION_MONITORS + LINE_MONITORS)
def test_only_what_happens_between_enable_and_disable_is_recorded(
    mechanism, recorder, monitor_type
):
    """S12, S13: records go to the recorder from enable to disable."""
    monitor = monitor_type(recorder)

    gcd(12, 3)
    monitor.enable()
    gcd(12, 3)
    monitor.disable()
    recorded = len(recorder.records)
    gcd(12, 3)

    assert of_gcd(recorder)
    assert len(recorder.records) == recorded


@pytest.mark.parametrize("monitor_type", FUNCTION_MONITORS + LINE_MONITORS)
def test_a_monitor_is_a_context_manager_which_an_exception_leaves(
    mechanism, recorder, monitor_type
):
    """S14: with monitor as itself."""
    monitor = monitor_type(recorder)

    with contextlib.suppress(ZeroDivisionError), monitor as entered:
        gcd(12, 3)
        gcd(1 // 0, 3)
    gcd(12, 3)

    assert entered is monitor
    assert len({record.index for record in recorder.records}) == len(recorder.records)
    assert not recorder.records[-1].function.startswith("__")


def test_a_monitor_needs_enable_and_disable():
    """S30: the base class is abstract; a subclass with both is not."""

    class Counting(api.Monitor):
        on = 0

        def enable(self):
            self.on += 1

        def disable(self):
            self.on -= 1

    with pytest.raises(TypeError):
        api.Monitor()
    counting = Counting()
    with counting:
        assert counting.on == 1
    assert counting.on == 0


@pytest.mark.parametrize("monitor_type", [*FUNCTION_MONITORS, *LINE_MONITORS, *FOCUSED])
def test_all_monitors_are_made_alike(recorder, monitor_type):
    """B8: the recorder first, then the type of the records; a focus by its name."""
    focus = {"functions": [gcd]} if monitor_type in FOCUSED else {}

    monitor = monitor_type(recorder, tuple, **focus)

    assert monitor_type.__name__ in api.__all__
    assert (monitor.recorder, monitor.record_type) == (recorder, tuple)
    assert gcd in getattr(monitor, "functions", {gcd})


def test_function_events_have_the_kinds_of_a_profile_function(mechanism, recorder):
    """S32: call, return, and of built-ins c_call, c_return, c_exception."""
    with api.FunctionMonitor(recorder):
        boo()
        len([])
        with pytest.raises(TypeError):
            len(3)

    kinds = [(r.type, r.function) for r in recorder.records if r.function in {"boo", "len"}]
    assert kinds == [
        ("call", "boo"),
        ("return", "boo"),
        ("c_call", "len"),
        ("c_return", "len"),
        ("c_call", "len"),
        ("c_exception", "len"),
    ]


def test_the_seams_may_be_called(recorder):
    """S32, S36: gather_info makes the record of an event."""
    frame = sys._getframe()

    function = api.FunctionMonitor(recorder).gather_info(frame, "c_call", len)
    line = api.LineMonitor(recorder).gather_info(frame)

    assert function[:3] == (0, "c_call", "len")
    assert line.line == "    line = api.LineMonitor(recorder).gather_info(frame)"


def test_a_seam_that_is_overridden_is_called(mechanism, recorder):
    """S32, S36: on_function_event and on_line_event are told of each event."""
    told = []

    class Told(api.FunctionMonitor):
        def on_function_event(self, frame, event, arg):
            told.append((event, frame.f_code.co_name))
            super().on_function_event(frame, event, arg)

    class ToldOfLines(api.LineMonitor):
        def on_line_event(self, frame, why, arg):
            told.append((why, frame.f_lineno))
            return super().on_line_event(frame, why, arg)

    with Told(recorder):
        boo()
    with ToldOfLines(recorder):
        boo()

    line = boo.__code__.co_firstlineno + 1
    assert told[:2] == [("call", "boo"), ("return", "boo")]
    assert ("line", line) in told
    assert events(ListRecorder()) == []
    assert [record.function for record in recorder.records][:2] == ["boo", "boo"]


def test_memory_is_that_of_the_process_and_its_handle_goes(mechanism, recorder):
    """S34, B3: RSS and VMS in bytes; _process is None after."""
    monitor = api.FunctionMemoryMonitor(recorder)

    with monitor:
        assert monitor._process is not None
        boo()

    now = psutil.Process().memory_info()
    record = next(record for record in recorder.records if record.function == "boo")
    assert monitor._process is None
    assert abs(record.RSS - now.rss) < 64 * MEGABYTE
    assert abs(record.VMS - now.vms) < 64 * MEGABYTE


@pytest.mark.parametrize("monitor_type", LINE_MONITORS)
def test_lines_of_the_block_itself_and_of_text_without_source(mechanism, recorder, monitor_type):
    """S36, S38: the statements of its own with block; exec's."""
    with monitor_type(recorder):
        number = 1
        exec("number = 2")

    texts = [record.line for record in recorder.records]
    assert number == 1
    assert texts[:2] == ["        number = 1", '        exec("number = 2")']
    assert "<compiled string>" in texts
    if "RSS" in recorder.records[0]._fields:
        assert all(type(r.RSS) is int and r.RSS > 0 for r in recorder.records)


@pytest.mark.parametrize("monitor_type", FUNCTION_MONITORS + LINE_MONITORS)
def test_only_the_outermost_pair_counts(mechanism, recorder, monitor_type):
    """S42: hooks are set by the first and taken off by the last."""
    monitor = monitor_type(recorder)

    monitor.disable()
    monitor.enable()
    monitor.enable()
    monitor.disable()
    gcd(12, 3)
    monitor.disable()
    within = len(of_gcd(recorder))
    gcd(12, 3)

    assert within > 0
    assert len(of_gcd(recorder)) == within


@pytest.mark.parametrize(
    ("record_type", "fields", "dashes"),
    [
        (api.FunctionRecord, "index type function lineNo filename", 67),
        (api.LineRecord, "index function lineNo line filename", 88),
        (api.FunctionMemoryRecord, "index type function RSS VMS lineNo filename", 93),
        (api.LineMemoryRecord, "index function lineNo RSS VMS line filename", 107),
    ],
)
def test_records_have_the_fields_and_templates_of_the_original(record_type, fields, dashes):
    """S43, S44, S45, S46: the header that the templates give is as wide as it was."""
    stream = io.StringIO()

    TextStreamRecorder(stream, formatted=True).prepare(record_type)

    header, line = stream.getvalue().splitlines()
    assert record_type._fields == tuple(fields.split())
    assert header == record_type.header.format(*fields.split())
    assert line == "-" * dashes
