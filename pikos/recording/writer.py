"""Writes a recording while its messages arrive."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

from pikos.errors import RecordingError
from pikos.live.session_lock import try_lock
from pikos.recording.container import HEADER_SIZE, RECORDING_MAGIC, encode_entry, header

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

_OPENING = os.O_RDWR | os.O_CREAT
_OPENING |= (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
)


CLAIM_S = 2.0
"""Seconds that a recorder of a program that is gone has, at most, to end its recording."""


class RecordingWriter:
    """A recording that is being made; valid up to its last whole message at any moment.

    An older recording at the path is replaced; any other file is left alone.  The file is this
    user's alone (0600).  Each message is written when it arrives, so that nothing is lost with
    the process.  Where writing fails, what was written stays, ``failure`` says why, and what
    comes after is not written.

    Parameters
    ----------
    path
        Where to write.
    clock_ns
        Present time in ns, monotonic.

    Raises: RecordingError from the constructor
    Threads: one at a time
    """

    def __init__(
        self, path: str | os.PathLike[str], clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.path = os.fsdecode(path)
        """Where it is written."""
        self.messages = 0
        """Messages written."""
        self.size_bytes = HEADER_SIZE
        """Bytes of the file."""
        self.failure: OSError | None = None
        """Why no more is written, if that is so."""
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._descriptor = _opened(self.path)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        _claim(self._descriptor, self.path)
        try:
            os.ftruncate(self._descriptor, 0)
            os.fchmod(self._descriptor, stat.S_IRUSR | stat.S_IWUSR)
            _write(self._descriptor, header())
        except OSError as error:
            raise RecordingError(
                self.path, f"{error.strerror}; name a file that can be written"
            ) from None

    def write(self, frame: bytes) -> None:
        """Write a message; where that fails, or has failed, ``failure`` says so.

        Parameters
        ----------
        frame
            The message, as it was on the wire.

        """
        if self.failure is not None:
            return
        entry = encode_entry(frame, self._clock_ns() - self._began_ns)
        try:
            _write(self._descriptor, entry)
        except OSError as error:
            self.failure = error
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.size_bytes)
            return
        self.messages += 1
        self.size_bytes += len(entry)

    def close(self) -> None:
        """Close the file; a second time is fine."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _opened(path: str) -> int:
    try:
        return os.open(path, _OPENING, stat.S_IRUSR | stat.S_IWUSR)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        if os.path.islink(path):
            reason = "it is a symbolic link, which is not followed"
        raise RecordingError(path, f"{reason}; name a file that can be written") from None


def _claim(descriptor: int, path: str) -> None:
    """Make sure that nothing is lost but an older recording that nobody writes."""
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise RecordingError(path, "it is no plain file; name another")
    if facts.st_size and os.pread(descriptor, len(RECORDING_MAGIC), 0) != RECORDING_MAGIC:
        raise RecordingError(
            path, "it is there, and no recording: name another file, or remove it first"
        )
    if sys.platform != "win32":
        give_up_at = time.monotonic() + CLAIM_S
        while not try_lock(descriptor):
            if time.monotonic() > give_up_at:
                raise RecordingError(path, "another process is recording to it; name another file")
            time.sleep(CLAIM_S / 100)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
