"""The recorder that writes rows of comma-separated values to a stream."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

import pytest
from record_samples import Plain, plain

from pikos.recorders.api import CSVFileRecorder, CSVRecorder, RecorderError


class LineMemory(NamedTuple):
    index: int
    function: str
    lineNo: int  # noqa: N815 - the documented name
    RSS: int
    VMS: int
    line: str
    filename: str


def recorded(records, record_type, **options):
    stream = io.StringIO(newline="")
    recorder = CSVRecorder(stream, **options)
    recorder.prepare(record_type)
    for record in records:
        recorder.record(record)
    recorder.finalize()
    return stream.getvalue()


def test_the_sample_is_written_as_documented():
    """S26: header, quoting of commas only, indentation, relative file name."""
    name = "examples/mandelbrot_set_example.py"
    records = [
        LineMemory(0, "mandelbrot", 16, 64, 38, "    y,x = ogrid[-1.4:1.4:h*1j]", name),
        LineMemory(1, "mandelbrot", 17, 65, 38, "    c = x+y*1j", name),
    ]

    assert recorded(records, LineMemory).split("\r\n") == [
        "index,function,lineNo,RSS,VMS,line,filename",
        f'0,mandelbrot,16,64,38,"    y,x = ogrid[-1.4:1.4:h*1j]",{name}',
        f"1,mandelbrot,17,65,38,    c = x+y*1j,{name}",
        "",
    ]


def test_the_arguments_of_csv_are_used():
    """S49: lineterminator and delimiter; the header is written once."""
    text = recorded([plain(0), plain(1)], Plain, lineterminator="^", delimiter=";")

    assert text == "index;function;filename^0;gcd;module.py^1;gcd;module.py^"


@pytest.mark.parametrize(
    "make",
    [lambda **bad: CSVRecorder(io.StringIO(), **bad), lambda **bad: CSVFileRecorder("x", **bad)],
)
def test_an_argument_that_csv_does_not_know_is_refused_at_once(make):
    """S49: TypeError from the constructor."""
    with pytest.raises(TypeError):
        make(colour="blue")


@pytest.mark.parametrize("use", ["record", "finalize"])
def test_what_is_not_prepared_is_refused(use):
    """S49: RecorderError before the first prepare."""
    recorder = CSVRecorder(io.StringIO())

    with pytest.raises(RecorderError, match=r"CSVRecorder .*not .*prepared"):
        recorder.record(plain(0)) if use == "record" else recorder.finalize()


def test_preparing_and_finalizing_may_be_repeated():
    """S49: one header; record after finalize is refused."""
    stream = io.StringIO(newline="")
    recorder = CSVRecorder(stream)

    recorder.prepare(Plain)
    recorder.prepare(Plain)
    recorder.record(plain(0))
    for _ in range(3):
        recorder.finalize()

    assert stream.getvalue() == "index,function,filename\r\n0,gcd,module.py\r\n"
    with pytest.raises(RecorderError, match="is finalized"):
        recorder.record(plain(1))


def test_plain_tuples_have_no_header():
    assert recorded([(1, "a"), (2, "b")], tuple) == "1,a\r\n2,b\r\n"


def test_a_refused_record_is_not_written():
    assert recorded([plain(0)], Plain, filter_=lambda record: False).count("\n") == 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_quoted_on_demand(text):
    safe = next(csv.reader(io.StringIO(recorded([(-5, text)], tuple, safe=True), newline="")))
    raw = next(csv.reader(io.StringIO(recorded([(-5, text)], tuple), newline="")))

    assert safe == ["-5", f"'{text}"]
    assert raw == ["-5", text]


def test_the_stream_is_flushed_by_finalize_and_auto_flush():
    class Stream(io.StringIO):
        flushes = 0

        def flush(self):
            self.flushes += 1

    kept, quick = Stream(), Stream()
    for stream, auto_flush in ((kept, False), (quick, True)):
        recorder = CSVRecorder(stream, auto_flush=auto_flush)
        recorder.prepare(Plain)
        recorder.record(plain(0))
        stream.before = stream.flushes
        recorder.finalize()

    assert (kept.before, kept.flushes) == (0, 1)
    assert quick.before == 2


def test_a_stream_that_can_only_be_written_to_will_do():
    class Lines:
        def __init__(self):
            self.written = []
            self.write = self.written.append

    stream = Lines()
    recorder = CSVRecorder(stream)

    recorder.prepare(tuple)
    recorder.record((1, 2))
    recorder.finalize()

    assert stream.written == ["1,2\r\n"]


def test_what_an_encoding_does_not_have_is_escaped():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="")
    recorder = CSVRecorder(stream)

    recorder.prepare(tuple)
    recorder.record((1, "\udcff, \u0416"))
    recorder.finalize()

    assert stream.buffer.getvalue() == b'1,"\\udcff, \\u0416"\r\n'
