"""The recorder that writes lines to a text stream."""

from __future__ import annotations

import io

import pytest
from record_samples import Formatted, Plain, plain

from pikos.recorders.api import RecorderError, TextStreamRecorder


class CountingStream(io.StringIO):
    """A stream that counts how often it is flushed and written to."""

    def __init__(self):
        super().__init__()
        self.flushes = 0
        self.writes = 0

    def flush(self):
        self.flushes += 1
        super().flush()

    def write(self, text):
        self.writes += 1
        return super().write(text)


def recorded(records, record_type, **options):
    stream = io.StringIO()
    recorder = TextStreamRecorder(stream, **options)
    recorder.prepare(record_type)
    for record in records:
        recorder.record(record)
    recorder.finalize()
    return stream.getvalue()


def test_values_are_joined_by_spaces_under_their_names():
    """S47, S52: not formatted."""
    text = recorded([Plain(0, "gcd", "a.py"), Plain(10, "f", "b.py")], Plain)

    assert text == "index function filename\n-----------------------\n0 gcd a.py\n10 f b.py\n"


def test_templates_of_the_class_are_used_when_formatted():
    """S47, S52: formatted; as many dashes as the header is long."""
    text = recorded([Formatted(7, "gcd", "x")], Formatted, formatted=True)

    header = "index    function     line"
    line = "       7 gcd          x"
    assert text.splitlines() == [header, "-" * len(header), line]


def test_templates_are_not_used_unless_formatted():
    """S47: the header is the names with a space between each two."""
    assert recorded([], Formatted).splitlines()[0] == "index function line"


def test_a_field_named_like_a_template_is_no_template():
    class Line(tuple):
        __slots__ = ()
        _fields = ("line",)
        line = property(lambda self: "{0.__class__}")

    assert recorded([Line(["x = {}"])], Line, formatted=True).splitlines()[2] == "x = {}"


@pytest.mark.parametrize("formatted", [False, True])
def test_plain_tuples_have_no_header_and_no_format(formatted):
    text = recorded([(1, "a"), (2, None)], tuple, formatted=formatted)

    assert text == "1 a\n2 None\n"


def test_a_value_that_a_format_cannot_align_is_shown_as_text():
    text = recorded([Formatted(None, "f", "")], Formatted, formatted=True)

    assert text.splitlines()[2].startswith("    None f")


def test_the_header_may_be_made_of_an_example():
    assert recorded([], plain(0)).startswith("index function filename\n")


def test_auto_flush_flushes_the_header_and_each_record():
    """S52: the number of flushes."""
    stream = CountingStream()
    recorder = TextStreamRecorder(stream, auto_flush=True)

    flushes = [stream.flushes]
    recorder.prepare(Plain)
    for index in range(2):
        flushes.append(stream.flushes)
        recorder.record(plain(index))
    flushes.append(stream.flushes)

    assert flushes == [0, 1, 2, 3]


def test_a_stream_is_flushed_by_finalize_only_otherwise():
    """S52: no automatic flush."""
    stream = CountingStream()
    recorder = TextStreamRecorder(stream)

    recorder.prepare(Plain)
    recorder.record(plain(0))
    before = stream.flushes
    recorder.finalize()

    assert (before, stream.flushes, stream.closed) == (0, 1, False)


def test_a_line_is_written_in_one_piece():
    stream = CountingStream()
    recorder = TextStreamRecorder(stream)

    recorder.prepare(Plain)
    recorder.record(plain(0))

    assert stream.writes == 2


def test_a_refused_record_is_not_written():
    text = recorded([plain(0), plain(1)], Plain, filter_=lambda record: record.index)

    assert text.splitlines()[2:] == ["1 gcd module.py"]


@pytest.mark.parametrize("use", ["record", "finalize"])
def test_what_is_not_prepared_is_refused(use):
    """S52: RecorderError before the first prepare."""
    recorder = TextStreamRecorder(io.StringIO(), lambda record: False)

    assert not recorder._ready
    with pytest.raises(RecorderError, match=r"TextStreamRecorder .*not .*prepared"):
        recorder.record(plain(0)) if use == "record" else recorder.finalize()


def test_what_is_finalized_is_refused():
    """B25: RecorderError after finalize too."""
    recorder = TextStreamRecorder(io.StringIO())
    recorder.prepare(Plain)
    recorder.finalize()

    recorder.finalize()

    with pytest.raises(RecorderError, match="is finalized"):
        recorder.record(plain(0))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
@pytest.mark.parametrize("formatted", [False, True])
def test_the_end_of_a_line_inside_a_value_breaks_no_line(end, formatted):
    """B25: one record, one line."""
    text = recorded([Plain(0, f"a{end}b", "f")], Plain, formatted=formatted)

    assert len(text.splitlines()) == 3
    assert text.splitlines()[2] == f"0 a{end.encode('unicode_escape').decode()}b f"


@pytest.mark.parametrize("value", ["\x1b]0;title\x07", "\x9b2J", "a\u202eb", "\x00"])
def test_a_terminal_is_not_disturbed(value):
    text = recorded([Plain(0, value, "f")], Plain)

    assert value not in text
    assert text.replace("\n", "").isprintable()


def test_tabs_and_other_writing_stay_as_they_are():
    assert recorded([(0, "\tπ = 3  # é \U0001f600")], tuple) == "0 \tπ = 3  # é \U0001f600\n"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "utf-16", "latin-1"])
def test_what_an_encoding_does_not_have_is_escaped(encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    recorder = TextStreamRecorder(stream)

    recorder.prepare(tuple)
    recorder.record((1, "\udcff \u0416"))
    recorder.finalize()

    shown = "\u0416" if encoding.startswith("utf") else "\\u0416"
    assert stream.buffer.getvalue().decode(encoding) == f"1 \\udcff {shown}\n"


def test_the_screen_gets_header_separator_and_lines(capsys):
    """S17: what screen() is made of, on the standard output of the moment."""
    import sys

    recorder = TextStreamRecorder(sys.stdout, auto_flush=True, formatted=True)

    recorder.prepare(Plain)
    recorder.record(plain(3))

    assert capsys.readouterr().out.splitlines() == [
        "index function filename",
        "-----------------------",
        "3 gcd module.py",
    ]
