"""Recorders as monitors use them."""

from __future__ import annotations

import io
import os
import warnings

import pytest
from record_samples import cells_of, indexes_of

from pikos.errors import RecordingStopped
from pikos.filters.api import OnValue
from pikos.monitors.function_monitor import FunctionMonitor
from pikos.monitors.line_monitor import LineMonitor
from pikos.recorders.api import (
    CSVFileRecorder,
    CSVRecorder,
    ListRecorder,
    TextFileRecorder,
    TextStreamRecorder,
)

FILES = [TextFileRecorder, CSVFileRecorder]


def gcd(x, y):
    return x if y == 0 else gcd(y, x % y)


def count_to(number):
    for _ in range(number):
        os.getpid()


@pytest.mark.parametrize("kind", FILES)
def test_a_decorated_function_called_three_times_gives_one_file(kind, tmp_path):
    """S31, B2: all records, one header."""
    recorder = kind(tmp_path / "records", OnValue("function", "gcd"))
    watched = FunctionMonitor(recorder).attach(gcd)

    answers = [watched(12, 9) for _ in range(3)]

    indexes = indexes_of(tmp_path / "records")
    text = (tmp_path / "records").read_text()
    assert answers == [3, 3, 3]
    assert len(indexes) == 3 * 2 * 3
    assert indexes == sorted(set(indexes))
    assert text.count("lineNo") == 1


@pytest.mark.parametrize(
    "make",
    [
        ListRecorder,
        lambda: TextStreamRecorder(io.StringIO()),
        lambda: CSVRecorder(io.StringIO()),
    ],
)
def test_other_recorders_are_used_again_too(make):
    """S31: each recorder survives cycles."""
    monitor = FunctionMonitor(make())
    watched = monitor.attach(gcd)

    assert [watched(12, 9) for _ in range(3)] == [3, 3, 3]
    assert monitor.error is None


def test_a_function_and_a_line_monitor_share_a_file(tmp_path):
    """S55, B25: one header, the records of both, also after the first is done."""
    recorder = CSVFileRecorder(tmp_path / "records", OnValue("function", "gcd"))
    functions, lines = FunctionMonitor(recorder), LineMonitor(recorder)

    functions.enable()
    lines.enable()
    gcd(12, 9)
    functions.disable()
    gcd(12, 9)
    lines.disable()

    header, *rows = cells_of(tmp_path / "records")
    kinds = [row[1] if row[1] in {"call", "return"} else "line" for row in rows]
    assert header == ["index", "type", "function", "lineNo", "filename"]
    assert (kinds.count("call"), kinds.count("return"), kinds.count("line")) == (3, 3, 6)


def test_a_function_and_a_line_monitor_share_a_list():
    """S55: records of both types."""
    recorder = ListRecorder(OnValue("function", "gcd"))

    with FunctionMonitor(recorder), LineMonitor(recorder):
        gcd(12, 9)

    names = [type(record).__name__ for record in recorder.records]
    assert (names.count("FunctionRecord"), names.count("LineRecord")) == (6, 3)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("auto_flush", [False, True])
def test_a_full_disk_stops_the_recording_and_not_the_program(kind, auto_flush):
    """One warning; what the program computes is what it computes."""
    monitor = FunctionMonitor(kind("/dev/full", auto_flush=auto_flush), tuple)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with monitor:
            answer = gcd(12, 9)
            count_to(20_000)

    assert answer == 3
    assert [warning.category for warning in caught] == [RecordingStopped]
    assert isinstance(monitor.error, OSError)


def test_a_filter_for_a_field_that_records_do_not_have_is_told():
    monitor = FunctionMonitor(ListRecorder(OnValue("RSS", 1)))

    with pytest.warns(RecordingStopped, match="no field 'RSS': it has index, type"), monitor:
        gcd(12, 9)

    assert monitor.recorder.records == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.parametrize("kind", FILES)
def test_a_child_records_nothing_into_the_file_of_its_parent(kind, tmp_path):
    monitor = FunctionMonitor(kind(tmp_path / "records", OnValue("function", "gcd")))

    with monitor:
        gcd(1, 0)
        if (child := os.fork()) == 0:
            gcd(12, 9)
            os._exit(0)
        os.waitpid(child, 0)
        gcd(1, 0)

    assert len(indexes_of(tmp_path / "records")) == 4
