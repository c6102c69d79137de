"""The layout of a recording: a header, then frames as they were on the wire, each with its arrival.

``docs/recording.md`` draws it.  Knows neither files nor clocks.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from pikos.wire.tables import ENVELOPE_SIZE, MAGIC, MESSAGE_MAX

SUFFIX = ".pikos"
"""What the names of recordings end with, by custom."""

RECORDING_MAGIC = b"PIKOSREC"
"""The first eight bytes of a recording."""

RECORDING_VERSION = 1
"""Version of the layout; a reader refuses any other."""

HEADER = "<8sII"
"""``struct`` layout of the header: magic, version, zero."""

HEADER_SIZE = 16
"""Bytes of the header; the entries follow."""

ENTRY = "<IIq"
"""``struct`` layout of an entry's start: bytes of its frame, checksum, arrival in ns since the
recording began.  The frame follows.  The checksum is the CRC-32 of the arrival's eight bytes and
the frame."""

ENTRY_SIZE = 16
"""Bytes before the frame of an entry."""

_ARRIVAL = slice(8, ENTRY_SIZE)


class Start(NamedTuple):
    """What stands before the frame of an entry."""

    size: int
    """Bytes of the frame."""
    checksum: int
    """CRC-32 of the arrival's bytes and the frame."""
    arrival_ns: int
    """When the frame arrived: ns since the recording began, never falling."""


def header() -> bytes:
    """Make what a recording begins with.

    Returns
    -------
    bytes
        The header.

    """
    return struct.pack(HEADER, RECORDING_MAGIC, RECORDING_VERSION, 0)


def encode_entry(frame: bytes, arrival_ns: int) -> bytes:
    """Make an entry.

    Parameters
    ----------
    frame
        A message, as it was on the wire.
    arrival_ns
        When it arrived: ns since the recording began.

    Returns
    -------
    bytes
        The entry.

    """
    checksum = _checksum(struct.pack("<q", arrival_ns), frame)
    return struct.pack(ENTRY, len(frame), checksum, arrival_ns) + frame


def decode_start(start: bytes, not_before_ns: int) -> Start:
    """Decode what stands before a frame.

    Parameters
    ----------
    start
        ``ENTRY_SIZE`` bytes.
    not_before_ns
        Arrival of the frame before it.

    Returns
    -------
    Start
        What they say.

    Raises
    ------
    ValueError
        If they can be no entry's start.

    """
    found = Start(*struct.unpack(ENTRY, start))
    if not ENVELOPE_SIZE <= found.size <= MESSAGE_MAX:
        raise ValueError(f"a message of {found.size} bytes")
    if found.arrival_ns < not_before_ns:
        raise ValueError("a message that arrived before the one in front of it")
    return found


def is_sound(start: bytes, checksum: int, frame: bytes) -> bool:
    """Tell whether a frame is the one that was recorded.

    Parameters
    ----------
    start
        The bytes before it.
    checksum
        What they say of it.
    frame
        The frame.

    Returns
    -------
    bool
        Whether nothing in it has changed.

    """
    return frame[: len(MAGIC)] == MAGIC and _checksum(start[_ARRIVAL], frame) == checksum


def _checksum(arrival: bytes, frame: bytes) -> int:
    return zlib.crc32(frame, zlib.crc32(arrival))
