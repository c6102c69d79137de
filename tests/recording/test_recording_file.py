"""A recording's file: written as messages arrive, read as far as it is whole."""

from __future__ import annotations

import contextlib
import errno
import lzma
import os
import resource
import signal
import stat
import struct
import tracemalloc
import zlib

import pytest
from support.recordings import record
from support.session import PROGRAM, MadeUpSession

from pikos.errors import RecordingError
from pikos.recording import RecordingReader, RecordingWriter
from pikos.recording.container import (
    BLOCK_SIZE,
    HEADER_SIZE,
    decode_start,
    encode_entry,
    header,
)
from pikos.wire.tables import MESSAGE_MAX


@pytest.fixture
def frames():
    session = MadeUpSession()
    return [*session.keyframe(**PROGRAM), session.rows(open_call=[]), session.bye()]


@pytest.fixture
def path(tmp_path, frames):
    return record(tmp_path / "session.pikos", frames)


def read(path):
    """The frames of a recording, and what is wrong with it."""
    with RecordingReader(path) as reader:
        frames = [entry.frame for entry in reader.entries()]
        return frames, reader.damage


def test_what_is_written_is_read(path, frames):
    assert read(path) == (frames, "")


def test_each_message_has_its_arrival(path):
    with RecordingReader(path) as reader:
        arrivals_ns = [entry.arrival_ns for entry in reader.entries()]

    assert arrivals_ns == [100_000_000 * index for index in range(len(arrivals_ns))]


def test_a_recording_can_be_read_while_it_is_written(tmp_path, frames):
    with RecordingWriter(tmp_path / "x") as writer:
        writer.write(frames[0])
        writer.flush()

        assert read(tmp_path / "x") == (frames[:1], "")


def test_what_waited_to_be_written_has_the_arrivals_at_which_it_was_heard(tmp_path, frames):
    now_ns = [0]
    with RecordingWriter(tmp_path / "x", lambda: now_ns[0]) as writer:
        for at, frame in enumerate(frames):
            now_ns[0] = 1000 * at
            writer.hear(frame)
        assert writer.messages == 0
        now_ns[0] = 10**12
        writer.flush_if_due()

        assert writer.catch_up()  # there is more
        assert writer.messages == 1

    with RecordingReader(tmp_path / "x") as reader:
        entries = list(reader.entries())
    assert [entry.frame for entry in entries] == frames
    assert [entry.arrival_ns for entry in entries] == [1000 * at for at in range(len(frames))]


def test_what_waits_to_be_written_is_bounded(tmp_path, frames, monkeypatch):
    monkeypatch.setattr("pikos.recording.writer.BACKLOG_MAX", 2 * len(frames[1]))
    with RecordingWriter(tmp_path / "x") as writer:
        for count in range(1, 20):
            writer.hear(frames[1])
            assert writer.messages == max(0, count - 2)


def blocks(path):
    """Where each block of a recording begins, and where the file ends."""
    content, at = path.read_bytes(), HEADER_SIZE
    found = [at]
    while at < len(content):
        at += BLOCK_SIZE + decode_start(content[at : at + BLOCK_SIZE]).stored
        found.append(at)
    return found


def test_a_recording_cut_off_anywhere_opens_with_all_that_was_complete(tmp_path):
    frames = [MadeUpSession().bye("x" * size) for size in (1, 20, 0)]
    whole, cut = record(tmp_path / "whole", frames), tmp_path / "cut"
    ends, content = blocks(whole), whole.read_bytes()
    assert len(ends) == 4

    for size in range(HEADER_SIZE, len(content) + 1):
        cut.write_bytes(content[:size])
        found, damage = read(cut)

        assert found == frames[: sum(end <= size for end in ends) - 1]
        assert bool(damage) == (size not in ends)
        assert not damage or "cut off within the message at byte" in damage


def test_what_follows_damage_is_not_read(path, frames):
    content = bytearray(path.read_bytes())
    last = blocks(path)[-2]
    content[last + BLOCK_SIZE + 5] ^= 1
    path.write_bytes(content)

    found, damage = read(path)

    assert found == frames[: len(found)]
    assert 0 < len(found) < len(frames)
    assert damage == f"damaged at byte {last} (a wrong checksum); all before it is there"


def version_1(path, *entries):
    path.write_bytes(struct.pack("<8sII", b"PIKOSREC", 1, 0) + b"".join(entries))


def test_a_recording_of_version_1_is_read_wherever_it_is_cut_off(tmp_path, frames):
    entries = [encode_entry(frame, index) for index, frame in enumerate(frames)]
    version_1(tmp_path / "x", *entries)
    assert read(tmp_path / "x") == (frames, "")

    with RecordingReader(tmp_path / "x") as reader:
        assert reader.length_ns() == len(frames) - 1
    version_1(tmp_path / "x", *entries[:-1], entries[-1][:-1])
    with RecordingReader(tmp_path / "x") as reader:
        assert reader.length_ns() == len(frames) - 2
    found, damage = read(tmp_path / "x")
    assert found == frames[:-1]
    assert "cut off within the message at byte" in damage


def test_a_block_takes_no_more_memory_than_it_announces_nor_than_a_block_may_have(tmp_path):
    """A small file that would grow to gigabytes is damage."""
    bomb = lzma.compress(bytes(200_000_000), preset=1)
    for size, reason in ((1_000_000, "another size"), (2**32 - 1, "a block of 4294967295 bytes")):
        checksum = zlib.crc32(bomb, zlib.crc32(struct.pack("<III", len(bomb), size, 0)))
        size_fits = max(size, len(bomb))
        start = struct.pack("<IIII", len(bomb), size, checksum, 0)
        (tmp_path / "x").write_bytes(header() + start + bomb)
        tracemalloc.start()
        found, damage = read(tmp_path / "x")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert found == []
        assert reason in damage or "bytes for a block of" in damage
        assert peak < 2 * size_fits + (8 << 20) if size < 2**31 else peak < 1_000_000


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<qII", 0, 48, 1) + bytes(48),  # a difference to nothing
        struct.pack("<qII", 0, 4000, 0) + bytes(48),
        struct.pack("<qII", 0, 4, 0) + bytes(4),
        bytes(7),
    ],
)
def test_a_block_that_makes_no_sense_is_damage(tmp_path, content):
    stored = lzma.compress(content)
    checksum = zlib.crc32(stored, zlib.crc32(struct.pack("<III", len(stored), len(content), 0)))
    start = struct.pack("<IIII", len(stored), len(content), checksum, 0)
    (tmp_path / "x").write_bytes(header() + start + stored)

    found, damage = read(tmp_path / "x")

    assert found == []
    assert "damaged at byte 16" in damage


@pytest.mark.parametrize("size", [0, 47, MESSAGE_MAX + 1, 2**32 - 1])
def test_a_size_that_no_message_has_takes_no_memory(tmp_path, size):
    version_1(tmp_path / "x", struct.pack("<IIq", size, 0, 0) + bytes(100))

    tracemalloc.start()
    _, damage = read(tmp_path / "x")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert f"(a message of {size} bytes)" in damage
    assert peak < 1_000_000


def test_time_does_not_go_back(tmp_path, frames):
    version_1(tmp_path / "x", encode_entry(frames[0], 5), encode_entry(frames[1], 4))

    assert read(tmp_path / "x")[0] == frames[:1]
    assert "arrived before" in read(tmp_path / "x")[1]


def test_noise_is_no_recording(tmp_path):
    for content in (b"", b"PIKOSRE", os.urandom(1000), b"PIKOSREC"):
        (tmp_path / "x").write_bytes(content)

        with pytest.raises(RecordingError, match="no recording"):
            RecordingReader(tmp_path / "x")


def test_noise_in_a_recording_is_damage(tmp_path):
    (tmp_path / "x").write_bytes(header() + os.urandom(1000))

    frames, damage = read(tmp_path / "x")

    assert frames == []
    assert damage


def test_a_recording_of_another_version_is_refused(path):
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"\3" + content[9:])

    with pytest.raises(RecordingError, match="version 3"):
        RecordingReader(path)


@pytest.mark.parametrize("name", ["fifo", "/dev/zero", ".", "absent", "a\0b"])
def test_what_is_no_plain_file_is_refused_without_waiting(tmp_path, name):
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(RecordingError):
        RecordingReader(os.path.join(tmp_path, name))


def test_a_recording_is_its_owners_alone(path, frames):
    path.chmod(0o644)

    record(path, frames)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_recording_is_replaced(path, frames):
    record(path, frames[:1])

    assert read(path) == (frames[:1], "")


def test_a_file_that_is_no_recording_is_left_alone(tmp_path):
    (tmp_path / "notes").write_text("precious")

    with pytest.raises(RecordingError, match="no recording: name another file, or remove"):
        RecordingWriter(tmp_path / "notes")

    assert (tmp_path / "notes").read_text() == "precious"


def test_a_symbolic_link_is_not_followed(path, tmp_path):
    before = path.read_bytes()
    (tmp_path / "link").symlink_to(path)

    with pytest.raises(RecordingError, match="symbolic link"):
        RecordingWriter(tmp_path / "link")

    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["fifo", "/dev/full", ".", "absent/x", "a\0b"])
def test_what_cannot_become_a_recording_is_refused(tmp_path, name):
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(RecordingError, match="name a"):
        RecordingWriter(os.path.join(tmp_path, name))


def test_two_do_not_write_to_one_recording(tmp_path, frames):
    with RecordingWriter(tmp_path / "x") as first:
        first.write(frames[0])
        first.flush()
        with pytest.raises(RecordingError, match="another process is recording to it"):
            RecordingWriter(tmp_path / "x")

    assert read(tmp_path / "x") == (frames[:1], "")


@contextlib.contextmanager
def files_of_at_most(size):
    """No file of this process grows beyond so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_no_file_that_has_nothing(tmp_path):
    with files_of_at_most(3), pytest.raises(RecordingError, match="File too large"):
        RecordingWriter(tmp_path / "x")

    assert not (tmp_path / "x").exists()


def test_a_full_disk_ends_the_recording_and_what_was_written_stays(tmp_path, frames):
    room = blocks(record(tmp_path / "whole", frames))[1] + 10
    with files_of_at_most(room), RecordingWriter(tmp_path / "x") as writer:
        for frame in frames:
            writer.write(frame)
            writer.flush()

    assert writer.failure.errno == errno.EFBIG
    found, damage = read(tmp_path / "x")
    assert 0 < writer.messages < len(frames)
    assert (found, damage) == (frames[: writer.messages], "")
