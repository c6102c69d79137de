"""A stream or disk that fails: it is told once, and what was written stays."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal

import pytest
from record_samples import Plain, cells_of, indexes_of, plain
from support.waiting import wait_until

from pikos.recorders.api import (
    CSVFileRecorder,
    CSVRecorder,
    RecorderError,
    TextFileRecorder,
    TextStreamRecorder,
)

FILES = [TextFileRecorder, CSVFileRecorder]
STREAMS = [TextStreamRecorder, CSVRecorder]
ENOUGH = 1_000_000

needs_dev_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")


def record_until_it_fails(recorder, limit=ENOUGH):
    for index in range(limit):
        recorder.record(plain(index))


def record_nothing(recorder):
    recorder.prepare(Plain)
    recorder.finalize()


@pytest.fixture
def small_files():
    """No file of this process grows beyond 100,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@needs_dev_full
@pytest.mark.parametrize("kind", FILES)
def test_a_full_disk_is_told_by_record_and_not_again_by_finalize(kind):
    recorder = kind("/dev/full")
    recorder.prepare(Plain)

    with pytest.raises(OSError, match="No space left"):
        record_until_it_fails(recorder)

    recorder.finalize()
    recorder.finalize()


@needs_dev_full
@pytest.mark.parametrize("kind", FILES)
def test_a_full_disk_met_in_the_background_is_told_by_the_next_record(kind):
    recorder = kind("/dev/full")
    recorder.prepare(Plain)
    recorder.record(plain(0))

    wait_until(lambda: recorder._failure, "the flusher's failure")

    with pytest.raises(OSError, match="No space left"):
        recorder.record(plain(1))
    recorder.finalize()


@needs_dev_full
@pytest.mark.parametrize("in_the_background", [False, True])
@pytest.mark.parametrize("kind", FILES)
def test_a_full_disk_that_nobody_was_told_of_is_told_by_finalize_once(kind, in_the_background):
    recorder = kind("/dev/full")
    recorder.prepare(Plain)
    recorder.record(plain(0))
    if in_the_background:
        wait_until(lambda: recorder._failure, "the flusher's failure")

    with pytest.raises(OSError, match="No space left"):
        recorder.finalize()

    recorder.finalize()
    assert not recorder._ready


@needs_dev_full
def test_the_other_user_of_a_failed_recorder_is_told_that_it_has_stopped():
    recorder = TextFileRecorder("/dev/full", auto_flush=True)
    recorder.prepare(tuple)
    recorder.prepare(tuple)
    with pytest.raises(OSError, match="No space left"):
        recorder.record((0,))

    with pytest.raises(RecorderError, match=r"has stopped after a failure: .*No space") as raised:
        recorder.record((1,))

    assert isinstance(raised.value.__cause__, OSError)
    recorder.finalize()
    recorder.finalize()


@pytest.mark.parametrize("kind", FILES)
def test_a_full_disk_leaves_whole_lines_or_no_file(kind, tmp_path, small_files):
    path = tmp_path / "records"
    recorder = kind(path)
    recorder.prepare(Plain)
    with pytest.raises(OSError, match="File too large"):
        record_until_it_fails(recorder)
    recorder.finalize()
    assert path.read_bytes().endswith(b"\n")

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            record_nothing(kind(tmp_path / "nothing"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)  # pytest's own output is a file, too
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("kind", FILES)
def test_what_was_written_before_the_disk_was_full_stays(kind, tmp_path, small_files):
    path = tmp_path / "records"
    recorder = kind(path)
    recorder.prepare(Plain)

    with pytest.raises(OSError) as raised:  # noqa: PT011 - its number is looked at below
        record_until_it_fails(recorder)
    recorder.finalize()

    lines = path.read_text().replace(",", " ").splitlines()
    records = [line for line in lines if line.endswith(" gcd module.py")]
    assert raised.value.errno == errno.EFBIG
    assert 99_900 < path.stat().st_size <= 100_000
    assert [int(line.split()[0]) for line in records] == list(range(len(records)))
    assert len(records) > 4_000


@pytest.mark.parametrize("kind", FILES)
def test_recording_begins_anew_on_a_line_of_its_own_when_there_is_room(kind, tmp_path, small_files):
    path = tmp_path / "records"
    recorder = kind(path)
    recorder.prepare(Plain)
    with pytest.raises(OSError, match="File too large"):
        record_until_it_fails(recorder)
    recorder.finalize()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    recorder.prepare(Plain)
    recorder.record(plain(ENOUGH))
    recorder.finalize()

    assert indexes_of(path)[-1] == ENOUGH
    assert path.read_text().replace(",", " ").splitlines()[-1] == f"{ENOUGH} gcd module.py"


@pytest.mark.parametrize("kind", STREAMS)
def test_a_closed_stream_is_told_by_record_and_not_again_by_finalize(kind):
    stream = io.StringIO()
    recorder = kind(stream)
    recorder.prepare(Plain)
    stream.close()

    with pytest.raises(ValueError, match="closed file"):
        recorder.record(plain(0))

    recorder.finalize()
    recorder.finalize()


@pytest.mark.parametrize("kind", STREAMS)
def test_a_closed_stream_that_nobody_was_told_of_is_told_by_finalize_once(kind):
    stream = io.TextIOWrapper(io.BytesIO())
    recorder = kind(stream)
    recorder.prepare(Plain)
    stream.close()

    with pytest.raises(ValueError, match="closed file"):
        recorder.finalize()

    recorder.finalize()


@pytest.mark.parametrize("kind", STREAMS)
def test_a_closed_stream_cannot_be_prepared(kind):
    stream = io.StringIO()
    stream.close()
    recorder = kind(stream)

    with pytest.raises(ValueError, match="closed file"):
        recorder.prepare(Plain)

    assert not recorder._ready


@pytest.mark.parametrize("kind", FILES)
def test_a_filter_that_raises_loses_nothing_else(kind, tmp_path):
    path = tmp_path / "records"
    recorder = kind(path, lambda record: 1 / record.index)
    recorder.prepare(Plain)

    recorder.record(plain(1))
    with pytest.raises(ZeroDivisionError):
        recorder.record(plain(0))
    recorder.record(plain(2))
    recorder.finalize()

    assert indexes_of(path) == [1, 2]


def test_a_value_that_cannot_be_shown_loses_nothing_else(tmp_path):
    class Shy:
        def __str__(self):
            raise TypeError("not to be shown")

    recorder = CSVFileRecorder(tmp_path / "records")
    recorder.prepare(tuple)

    recorder.record((1,))
    with pytest.raises(TypeError, match="not to be shown"):
        recorder.record((Shy(),))
    recorder.record((2,))
    recorder.finalize()

    assert cells_of(tmp_path / "records") == [["1"], ["2"]]
