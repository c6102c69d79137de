"""Reads a recording, as far as it is whole."""

from __future__ import annotations

import os
import stat
import struct
from typing import TYPE_CHECKING

from pikos.errors import RecordingError
from pikos.recording.container import (
    BLOCK_SIZE,
    ENTRY_SIZE,
    HEADER,
    HEADER_SIZE,
    RECORDING_MAGIC,
    VERSIONS_READ,
    Entry,
    decode_block,
    decode_entry_start,
    decode_start,
    is_sound,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO, Self

_OPENING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class _CutOff(Exception):
    """The file ends within a block, or within an entry."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


class RecordingReader:
    """The messages of a recording, in the order in which they arrived.

    Reading ends where the file does, or in front of the first message that is cut off or
    damaged; ``damage`` says so then.  No more memory is taken than for one block, whose size has a
    limit, whatever the file says.

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
        self._begin = HEADER_SIZE
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
        try:
            yield from self._singles() if self._version == 1 else self._blocks()
        except _CutOff as cut:
            self.damage = f"cut off within the message at byte {cut.at}; all before it is there"
        except ValueError as error:
            self.damage = f"damaged at byte {self._begin} ({error}); all before it is there"

    def length_ns(self) -> int | None:
        """Return when the last whole message arrived; where reading goes on stays as it was.

        Returns
        -------
        int or None
            ns since the recording began; None if what is last is damaged.

        """
        position = self._file.tell()
        try:
            return self._last_of_singles() if self._version == 1 else self._last_of_blocks()
        except (ValueError, _CutOff):
            return None
        finally:
            self._file.seek(position)

    def _last_of_blocks(self) -> int:
        if not self._go_to_last(BLOCK_SIZE, lambda start: decode_start(start).stored):
            return 0
        start = decode_start(self._take(BLOCK_SIZE, first=True))
        entries = decode_block(start, self._take(start.stored), 0)
        return max((entry.arrival_ns for entry in entries), default=0)

    def _last_of_singles(self) -> int:
        if not self._go_to_last(ENTRY_SIZE, lambda start: decode_entry_start(start, 0).size):
            return 0
        return decode_entry_start(self._take(ENTRY_SIZE, first=True), 0).arrival_ns

    def _go_to_last(self, start_size: int, size: Callable[[bytes], int]) -> bool:
        """Go to the last whole part of the file, from start to start; False if there is none."""
        end = os.fstat(self._file.fileno()).st_size
        last, at = 0, HEADER_SIZE
        while at + start_size <= end:
            self._file.seek(at)
            after = at + start_size + size(self._file.read(start_size))
            if after > end:
                break
            last, at = at, after
        self._file.seek(last)
        return last > 0

    def _blocks(self) -> Iterator[Entry]:
        arrival_ns = 0
        while begin := self._take(BLOCK_SIZE, first=True):
            start = decode_start(begin)
            for entry in decode_block(start, self._take(start.stored), arrival_ns):
                arrival_ns = entry.arrival_ns
                yield entry

    def _singles(self) -> Iterator[Entry]:
        """Go through the entries of version 1."""
        arrival_ns = 0
        while begin := self._take(ENTRY_SIZE, first=True):
            start = decode_entry_start(begin, arrival_ns)
            frame = self._take(start.size)
            if not is_sound(begin, start.checksum, frame):
                raise ValueError("a wrong checksum")
            arrival_ns = start.arrival_ns
            yield Entry(arrival_ns, frame)

    def _take(self, size: int, *, first: bool = False) -> bytes:
        """Read exactly so many bytes; none where the file ends, if they are the first of a part."""
        if first:
            self._begin = self._file.tell()
        taken = self._file.read(size)
        if len(taken) < size and (taken or not first):
            raise _CutOff(self._begin)
        return taken

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
        _, self._version, _ = struct.unpack(HEADER, begin)
        if self._version not in VERSIONS_READ:
            known = " and ".join(map(str, VERSIONS_READ))
            raise RecordingError(
                self.path,
                f"it is a recording of version {self._version}, and this Pikos reads {known} only; "
                "read it with the Pikos that made it",
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
