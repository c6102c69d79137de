"""Reads a recording, as far as it is whole."""

from __future__ import annotations

import os
import stat
import struct
from typing import TYPE_CHECKING, NamedTuple

from pikos.errors import RecordingError
from pikos.recording.container import (
    ENTRY_SIZE,
    HEADER,
    HEADER_SIZE,
    RECORDING_MAGIC,
    RECORDING_VERSION,
    decode_start,
    is_sound,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, Self

_OPENING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Entry(NamedTuple):
    """A message of a recording."""

    arrival_ns: int
    """When it arrived: ns since the recording began."""
    frame: bytes
    """The message, as it was on the wire: bytes from a stranger."""


class RecordingReader:
    """The messages of a recording, in the order in which they arrived.

    Reading ends where the file does, or in front of the first message that is cut off or
    damaged; ``damage`` says so then.  No more memory is taken than for one message.

    Parameters
    ----------
    path
        The file.

    Raises: RecordingError from the constructor, if it is no recording
    Threads: one at a time
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fsdecode(path)
        """The file."""
        self.damage = ""
        """Why reading ended before the end of the file, if it did."""
        self._file = _opened(self.path)
        try:
            self._check_header()
        except BaseException:
            self.close()
            raise

    def rewind(self) -> None:
        """Begin again with the first message."""
        self.damage = ""
        self._file.seek(HEADER_SIZE)

    def entries(self) -> Iterator[Entry]:
        """Go through the messages from here on.

        Returns
        -------
        Iterator
            The messages.

        """
        arrival_ns = 0
        while begin := self._file.read(ENTRY_SIZE):
            at = self._file.tell() - len(begin)
            if len(begin) < ENTRY_SIZE:
                self.damage = _cut_off(at)
                return
            try:
                start = decode_start(begin, arrival_ns)
            except ValueError as error:
                self.damage = f"damaged at byte {at} ({error}); all before it is there"
                return
            frame = self._file.read(start.size)
            if len(frame) < start.size:
                self.damage = _cut_off(at)
                return
            if not is_sound(begin, start.checksum, frame):
                self.damage = f"damaged at byte {at} (a wrong checksum); all before it is there"
                return
            arrival_ns = start.arrival_ns
            yield Entry(arrival_ns, frame)

    def close(self) -> None:
        """Close the file; a second time is fine."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _check_header(self) -> None:
        begin = self._file.read(HEADER_SIZE)
        if len(begin) < HEADER_SIZE or not begin.startswith(RECORDING_MAGIC):
            raise RecordingError(
                self.path, "it is no recording; pikos record, or --record, makes one"
            )
        _, version, _ = struct.unpack(HEADER, begin)
        if version != RECORDING_VERSION:
            raise RecordingError(
                self.path,
                f"it is a recording of version {version}, and this Pikos reads "
                f"{RECORDING_VERSION} only; read it with the Pikos that made it",
            )


def is_recording(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a file that begins as a recording does.

    Parameters
    ----------
    path
        Any path.

    Returns
    -------
    bool
        Whether it is worth opening.

    """
    try:
        with _opened(os.fsdecode(path)) as file:
            return file.read(len(RECORDING_MAGIC)) == RECORDING_MAGIC
    except (RecordingError, OSError):
        return False


def _opened(path: str) -> BinaryIO:
    try:
        descriptor = os.open(path, _OPENING)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordingError(path, f"{reason}; name a recording") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RecordingError(path, "it is no plain file; name a recording")
    return os.fdopen(descriptor, "rb")


def _cut_off(at: int) -> str:
    return f"cut off within the message at byte {at}; all before it is there"
