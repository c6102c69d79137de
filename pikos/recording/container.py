"""The layout of a recording: a header, then blocks of frames with their arrivals.

``docs/recording.md`` draws it.  Knows neither files nor clocks.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from pikos.wire.tables import ENVELOPE_SIZE, MAGIC, MESSAGE_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".pikos"
"""What the names of recordings end with, by custom."""

RECORDING_MAGIC = b"PIKOSREC"
"""The first eight bytes of a recording."""

RECORDING_VERSION = 2
"""Version of the layout, as written."""

VERSIONS_READ = (1, 2)
"""Versions that a reader takes: in version 1 each frame is an entry of its own, as it is."""

HEADER = "<8sII"
"""``struct`` layout of the header: magic, version, zero."""

HEADER_SIZE = 16
"""Bytes of the header; the blocks follow."""

BLOCK = "<IIII"
"""``struct`` layout of a block's start: bytes stored, bytes of its content, checksum, flags.  What
is stored follows: the content, compressed by lzma.  The checksum is the CRC-32 of the other three
fields and of what is stored."""

BLOCK_SIZE = 16
"""Bytes before what a block stores."""

FLAG_KEYFRAME = 1
"""The block is part of a keyframe."""

FLAG_KEYFRAME_BEGIN = 2
"""The block is the first one of a keyframe; the whole state is in it and the parts that follow."""

FRAME = "<qII"
"""``struct`` layout of what stands before each frame of a block's content: arrival in ns since the
recording began, bytes of the frame, and how many frames of the block further back the frame is
that it is a difference to (0: it is none)."""

FRAME_SIZE = 16
"""Bytes before a frame of a block's content."""

CONTENT_MAX = MESSAGE_MAX + (1 << 20)
"""Bytes that the content of a block may have."""

ENTRY = "<IIq"
"""``struct`` layout of an entry's start in version 1: bytes of its frame, checksum, arrival.  The
frame follows.  The checksum is the CRC-32 of the arrival's eight bytes and the frame."""

ENTRY_SIZE = 16
"""Bytes before the frame of an entry."""

_ARRIVAL = slice(8, ENTRY_SIZE)
_WORD = 8
_PRESET = 1  # the quickest; its window of 1 MiB finds what several tables have in common
_DECODER_MAX = 8 << 20  # bytes that its decoder may take beside the content


class Entry(NamedTuple):
    """A message of a recording."""

    arrival_ns: int
    """When it arrived: ns since the recording began, never falling."""
    frame: bytes
    """The message, as it was on the wire: untrusted bytes."""


class Start(NamedTuple):
    """What stands before what a block stores."""

    stored: int
    """Bytes stored."""
    size: int
    """Bytes of the content."""
    checksum: int
    """CRC-32 of the other fields and what is stored."""
    flags: int
    """Sum of ``FLAG_…``."""


class EntryStart(NamedTuple):
    """What stands before the frame of an entry in version 1."""

    size: int
    """Bytes of the frame."""
    checksum: int
    """CRC-32 of the arrival's bytes and the frame."""
    arrival_ns: int
    """When the frame arrived."""


def header() -> bytes:
    """Make what a recording begins with."""
    return struct.pack(HEADER, RECORDING_MAGIC, RECORDING_VERSION, 0)


class BlockBuilder:
    """The content of one block while its frames arrive."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._last_of_size: dict[int, tuple[int, bytes]] = {}
        self.size_bytes = 0
        """Bytes of the content so far."""
        self.frames = 0
        """Frames so far."""

    def add(self, frame: bytes, arrival_ns: int) -> None:
        """Add a frame, as the difference to the last one of its size, if there is one."""
        back, difference = 0, frame
        if (before := self._last_of_size.get(len(frame))) is not None:
            back, difference = self.frames - before[0], _xor(frame, before[1])
        self._last_of_size[len(frame)] = self.frames, frame
        self._pieces += struct.pack(FRAME, arrival_ns, len(frame), back), _by_planes(difference)
        self.size_bytes += FRAME_SIZE + len(frame)
        self.frames += 1

    def block(self, flags: int) -> bytes:
        """Make the block."""
        stored = lzma.compress(b"".join(self._pieces), preset=_PRESET)
        checksum = _checksum(len(stored), self.size_bytes, flags, stored)
        return struct.pack(BLOCK, len(stored), self.size_bytes, checksum, flags) + stored


def decode_start(start: bytes) -> Start:
    """Decode what stands before what a block stores.

    Raises
    ------
    ValueError
        If no block begins so.

    """
    found = Start(*struct.unpack(BLOCK, start))
    if found.size > CONTENT_MAX:
        raise ValueError(f"a block of {found.size} bytes")
    if found.stored > found.size + (found.size >> 8) + 256:  # lzma never needs more
        raise ValueError(f"{found.stored} bytes for a block of {found.size}")
    return found


def decode_block(start: Start, stored: bytes, not_before_ns: int) -> Iterator[Entry]:
    """Decode a block; no more memory is taken than its start announces.

    Raises
    ------
    ValueError
        If the block is not what was recorded, from the frame on that is not.

    """
    if _checksum(start.stored, start.size, start.flags, stored) != start.checksum:
        raise ValueError("a wrong checksum")
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_DECODER_MAX)
        content = decoder.decompress(stored, start.size + 1)
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from None
    if len(content) != start.size:
        raise ValueError("a block of another size than announced")
    frames: list[bytes] = []
    at = 0
    while at < len(content):
        if len(content) - at < FRAME_SIZE:
            raise ValueError("a block that ends within a frame")
        arrival_ns, size, back = struct.unpack_from(FRAME, content, at)
        at += FRAME_SIZE
        _check_frame(size, arrival_ns, not_before_ns)
        if size > len(content) - at:
            raise ValueError("a block that ends within a frame")
        frame = _from_planes(content[at : at + size])
        if back:
            if back > len(frames) or len(frames[-back]) != size:
                raise ValueError("a difference to a frame that is not there")
            frame = _xor(frame, frames[-back])
        at += size
        not_before_ns = arrival_ns
        frames.append(frame)
        yield Entry(arrival_ns, frame)


def encode_entry(frame: bytes, arrival_ns: int) -> bytes:
    """Make an entry of version 1."""
    arrival = struct.pack("<q", arrival_ns)
    return struct.pack(ENTRY, len(frame), _entry_checksum(arrival, frame), arrival_ns) + frame


def decode_entry_start(start: bytes, not_before_ns: int) -> EntryStart:
    """Decode what stands before a frame in version 1.

    Raises
    ------
    ValueError
        If no entry begins so.

    """
    found = EntryStart(*struct.unpack(ENTRY, start))
    _check_frame(found.size, found.arrival_ns, not_before_ns)
    return found


def is_sound(start: bytes, checksum: int, frame: bytes) -> bool:
    """Whether the frame of an entry is the one that was recorded."""
    return frame[: len(MAGIC)] == MAGIC and _entry_checksum(start[_ARRIVAL], frame) == checksum


def _check_frame(size: int, arrival_ns: int, not_before_ns: int) -> None:
    if not ENVELOPE_SIZE <= size <= MESSAGE_MAX:
        raise ValueError(f"a message of {size} bytes")
    if arrival_ns < not_before_ns:
        raise ValueError("a message that arrived before the one in front of it")


def _xor(one: bytes, other: bytes) -> bytes:
    """What differs between two frames of one size: mostly zeros, as counters grow a little."""
    both = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    return both.to_bytes(len(one), "little")


def _by_planes(frame: bytes) -> bytes:
    """The first bytes of all words, then all second ones, …: alike beside alike."""
    return b"".join(frame[plane::_WORD] for plane in range(_WORD))


def _from_planes(planes: bytes) -> bytes:
    frame, at = bytearray(len(planes)), 0
    for plane in range(_WORD):
        after = at + len(range(plane, len(planes), _WORD))
        frame[plane::_WORD] = planes[at:after]
        at = after
    return bytes(frame)


def _checksum(stored_bytes: int, size: int, flags: int, stored: bytes) -> int:
    return zlib.crc32(stored, zlib.crc32(struct.pack("<III", stored_bytes, size, flags)))


def _entry_checksum(arrival: bytes, frame: bytes) -> int:
    return zlib.crc32(frame, zlib.crc32(arrival))
