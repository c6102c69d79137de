"""The life of a recorder's file: opened late, gone on with, closed; and what is refused."""

from __future__ import annotations

import os
import stat

import pytest
from record_samples import Plain, cells_of, indexes_of, plain

from pikos.recorders.api import CSVFileRecorder, RecorderError, TextFileRecorder

KINDS = [TextFileRecorder, CSVFileRecorder]
HEADER_LINES = {TextFileRecorder: 2, CSVFileRecorder: 1}

pytestmark = pytest.mark.parametrize("kind", KINDS)


def cycle(recorder, *indexes, record_type=Plain):
    recorder.prepare(record_type)
    for index in indexes:
        recorder.record(plain(index))
    recorder.finalize()


def handle_of(recorder):
    return recorder._handle if isinstance(recorder, CSVFileRecorder) else recorder._stream


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_the_file_is_opened_by_the_first_prepare(kind, tmp_path):
    """S50, S53: not by the constructor."""
    path = tmp_path / "records"

    recorder = kind(path)
    before = (path.exists(), handle_of(recorder), recorder._filename)
    recorder.prepare(Plain)
    after = (path.exists(), handle_of(recorder).closed)
    recorder.finalize()

    assert before == (False, None, path)
    assert after == (True, False)


def test_the_file_has_header_and_records(kind, tmp_path):
    """S12, S50, S53: content; the file is closed by finalize."""
    recorder = kind(str(tmp_path / "records"))

    recorder.prepare(Plain)
    handle = handle_of(recorder)
    recorder.record(plain(0))
    recorder.finalize()

    assert handle.closed
    assert (tmp_path / "records").read_bytes() == {
        TextFileRecorder: b"index function filename\n-----------------------\n0 gcd module.py\n",
        CSVFileRecorder: b"index,function,filename\r\n0,gcd,module.py\r\n",
    }[kind]


def test_what_was_in_the_file_is_gone(kind, tmp_path):
    path = tmp_path / "records"
    path.write_text("old\n" * 100)

    cycle(kind(path), 0)

    assert "old" not in path.read_text()


@pytest.mark.parametrize("use", ["record", "finalize"])
def test_what_is_not_prepared_is_refused(kind, use, tmp_path):
    """S50, S53: RecorderError before the first prepare; it names the file."""
    recorder = kind(tmp_path / "records")

    with pytest.raises(RecorderError, match=r"FileRecorder to '.*records' .*not .*prepared"):
        recorder.record(plain(0)) if use == "record" else recorder.finalize()


def test_cycles_go_on_in_one_file_under_one_header(kind, tmp_path):
    """S31, B2: a function decorated with a file recorder is called three times."""
    path = tmp_path / "records"
    recorder = kind(path)

    for index in range(3):
        cycle(recorder, 2 * index, 2 * index + 1)

    assert indexes_of(path) == list(range(6))
    assert len(lines_of(path)) == HEADER_LINES[kind] + 6


def test_a_finalized_recorder_refuses_records_until_it_is_prepared(kind, tmp_path):
    """B2, B25: with an error of ours, not one of the closed file."""
    recorder = kind(tmp_path / "records")
    cycle(recorder, 0)

    recorder.finalize()
    with pytest.raises(RecorderError, match="is finalized"):
        recorder.record(plain(1))
    cycle(recorder, 2)

    assert indexes_of(tmp_path / "records") == [0, 2]


def test_the_second_cycle_finds_the_file_from_another_directory(kind, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    recorder = kind("records")
    cycle(recorder, 0)

    monkeypatch.chdir(tmp_path / "elsewhere")
    cycle(recorder, 1)

    assert indexes_of(tmp_path / "records") == [0, 1]
    assert os.listdir(tmp_path / "elsewhere") == []


def test_appending_keeps_what_is_there(kind, tmp_path):
    path = tmp_path / "records"
    cycle(kind(path), 0)

    cycle(kind(path, append=True), 1)

    assert indexes_of(path) == [0, 1]
    assert len(lines_of(path)) == HEADER_LINES[kind] + 2


def test_appending_to_an_empty_file_writes_a_header(kind, tmp_path):
    path = tmp_path / "records"
    path.touch()

    cycle(kind(path, append=True), 0)

    assert len(lines_of(path)) == HEADER_LINES[kind] + 1


def test_appending_after_a_line_cut_short_begins_a_line(kind, tmp_path):
    path = tmp_path / "records"
    path.write_text("9 cut sho")

    cycle(kind(path, append=True), 1)

    assert lines_of(path)[0] == "9 cut sho"
    assert indexes_of(path) == [9, 1]


def test_a_header_is_not_made_up_for_later_record_types(kind, tmp_path):
    """B25: the first record type decides."""
    path = tmp_path / "records"
    recorder = kind(path)

    cycle(recorder, 0, record_type=tuple)
    cycle(recorder, 1)

    assert len(lines_of(path)) == 2


def test_any_name_can_be_written(kind, tmp_path):
    """B25: UTF-8, and no failure for what UTF-8 does not have."""
    path = tmp_path / "records"
    recorder = kind(path)

    recorder.prepare(tuple)
    recorder.record((0, "π \udcff"))
    recorder.finalize()

    assert "π \\udcff" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["missing/records", "."])
def test_a_file_that_cannot_be_opened_is_named(kind, name, tmp_path):
    recorder = kind(tmp_path / name)

    with pytest.raises(RecorderError, match=r"cannot open it: .*give the name") as raised:
        recorder.prepare(Plain)

    assert isinstance(raised.value.__cause__, OSError)
    assert str(tmp_path) in str(raised.value)
    assert not recorder._ready


def test_a_file_that_could_not_be_opened_can_be_later(kind, tmp_path):
    recorder = kind(tmp_path / "later" / "records")
    with pytest.raises(RecorderError):
        recorder.prepare(Plain)

    (tmp_path / "later").mkdir()
    cycle(recorder, 0)

    assert indexes_of(tmp_path / "later" / "records") == [0]


def test_the_default_names_are_the_documented_ones(kind, tmp_path, monkeypatch):
    """S27: in the working directory."""
    monkeypatch.chdir(tmp_path)

    cycle(kind(), 0)

    name = {TextFileRecorder: "monitor_records.log", CSVFileRecorder: "monitor_records.csv"}[kind]
    assert os.listdir() == [name]


def test_a_link_at_a_default_name_is_not_followed(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for name in ("monitor_records.log", "monitor_records.csv"):
        (tmp_path / name).symlink_to(victim)

    with pytest.raises(RecorderError, match="is a symbolic link"):
        kind().prepare(Plain)

    assert victim.read_text() == "precious"


def test_a_link_at_a_chosen_name_is_followed(kind, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")

    cycle(kind(tmp_path / "link"), 0)

    assert indexes_of(tmp_path / "target") == [0]


def test_the_file_is_as_public_as_the_umask_says(kind, tmp_path):
    before = os.umask(0o027)
    try:
        cycle(kind(tmp_path / "records"), 0)
    finally:
        os.umask(before)

    assert stat.S_IMODE(os.stat(tmp_path / "records").st_mode) == 0o640


def test_no_program_that_is_started_gets_the_file(kind, tmp_path):
    recorder = kind(tmp_path / "records")

    recorder.prepare(Plain)
    inheritable = os.get_inheritable(handle_of(recorder).fileno())
    recorder.finalize()

    assert not inheritable


def test_a_header_that_cannot_be_written_leaves_nothing_open(kind):
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    recorder = kind("/dev/full", auto_flush=True)

    with pytest.raises(OSError, match="No space left"):
        recorder.prepare(Plain)

    assert (recorder._ready, handle_of(recorder)) == (False, None)


def test_rows_with_ends_of_lines_are_rows(kind, tmp_path):
    """B25: a value with an end of line in it is one record all the same."""
    path = tmp_path / "records"
    recorder = kind(path)

    recorder.prepare(tuple)
    recorder.record((0, "a\nb\r\nc"))
    recorder.record((1, "d"))
    recorder.finalize()

    if kind is CSVFileRecorder:
        assert cells_of(path) == [["0", "a\nb\r\nc"], ["1", "d"]]
    else:
        assert lines_of(path) == ["0 a\\nb\\r\\nc", "1 d"]
