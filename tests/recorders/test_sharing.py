"""One recorder with several users: monitors, and threads."""

from __future__ import annotations

import io
import threading
from typing import NamedTuple

import pytest
from record_samples import Plain, cells_of, indexes_of, plain

from pikos.recorders.api import (
    CSVFileRecorder,
    CSVRecorder,
    ListRecorder,
    RecorderError,
    TextFileRecorder,
    TextStreamRecorder,
)


class Other(NamedTuple):
    index: int
    line: str


@pytest.mark.parametrize("kind", [TextFileRecorder, CSVFileRecorder])
def test_the_first_that_is_done_does_not_close_the_file_for_the_others(kind, tmp_path):
    """S55, B25: in use until each user has finalized."""
    path = tmp_path / "records"
    recorder = kind(path)

    recorder.prepare(Plain)
    recorder.prepare(Other)
    recorder.record(plain(0))
    recorder.finalize()
    after_the_first = indexes_of(path)
    recorder.record(Other(1, "x"))
    recorder.finalize()

    assert after_the_first == [0]
    assert indexes_of(path) == [0, 1]
    with pytest.raises(RecorderError, match="is finalized"):
        recorder.record(plain(2))


def test_records_of_both_types_come_under_the_header_of_the_first():
    """S55: one header, records of any type."""
    stream = io.StringIO(newline="")
    recorder = CSVRecorder(stream)

    recorder.prepare(Plain)
    recorder.prepare(Other)
    recorder.record(Other(0, "x"))
    recorder.record(plain(1))
    recorder.finalize()
    recorder.finalize()

    assert stream.getvalue() == "index,function,filename\r\n0,x\r\n1,gcd,module.py\r\n"


def test_each_record_is_formatted_by_its_own_type():
    class Wide(Other):
        header = line = "{:>4}|{}"

    class Narrow(Other):
        header = line = "{}/{}"

    stream = io.StringIO()
    recorder = TextStreamRecorder(stream, formatted=True)

    recorder.prepare(Wide)
    recorder.prepare(Narrow)
    recorder.record(Wide(1, "x"))
    recorder.record(Narrow(2, "y"))

    assert stream.getvalue().splitlines()[2:] == ["   1|x", "2/y"]


def test_a_list_takes_records_of_both_types():
    """S55: a list."""
    recorder = ListRecorder()

    recorder.prepare(Plain)
    recorder.prepare(Other)
    recorder.record(plain(0))
    recorder.finalize()
    recorder.record(Other(1, "x"))

    assert recorder.records == [plain(0), Other(1, "x")]


@pytest.mark.parametrize("kind", [TextFileRecorder, CSVFileRecorder])
def test_records_of_several_threads_are_whole_and_none_is_lost(kind, tmp_path):
    path = tmp_path / "records"
    recorder = kind(path)

    def record_all(first):
        recorder.prepare(Plain)
        for index in range(first, first + 2000):
            recorder.record(plain(index))
        recorder.finalize()

    threads = [threading.Thread(target=record_all, args=(at * 2000,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    rows = cells_of(path)
    separate = "," if kind is CSVFileRecorder else " "
    records = [row if len(row) == 3 else row[0].split(separate) for row in rows]
    records = [record for record in records if record[0].isdigit()]
    assert sorted(int(record[0]) for record in records) == list(range(8000))
    assert {tuple(record[1:]) for record in records} == {("gcd", "module.py")}
