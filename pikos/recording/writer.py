"""Writes a recording while its messages arrive."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from pikos.errors import RecordingError
from pikos.live.session_lock import try_lock
from pikos.recording.container import (
    FLAG_KEYFRAME,
    FLAG_KEYFRAME_BEGIN,
    HEADER_SIZE,
    RECORDING_MAGIC,
    BlockBuilder,
    header,
)
from pikos.recording.thinning import Written, moved, rewritten, thinned
from pikos.wire.tables import FLAG_KEYFRAME_END, KIND_BYE, KIND_HELLO

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

_OPENING = os.O_RDWR | os.O_CREAT
_OPENING |= (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
)


SIZE_MAX = 1 << 30
"""Bytes that a recording may have, unless the user says otherwise."""

SEGMENTS = 16
"""How many times the whole state is asked for while a recording grows to its largest size."""

BLOCK_MAX = 1 << 20
"""Bytes of messages that are compressed together, and of one more message."""

BACKLOG_MAX = 128 << 20
"""Bytes of messages that may wait to be compressed: more than the whole state of a full tree."""

FLUSH_NS = 1_000_000_000
"""How old a message may be that is not written yet, in ns."""

_KIND, _FLAGS = 6, 7  # offsets in the envelope

CLAIM_S = 2.0
"""Seconds that a recorder of a program that is gone has, at most, to end its recording."""


class RecordingWriter:
    """A recording that is being made; valid up to its last whole message at any moment.

    An older recording at the path is replaced; any other file is left alone.  The file is this
    user's alone (0600).  Messages are written in compressed blocks, each at most a second old, so
    that no more than that, and what was heard and is not written yet, is lost with the process.
    Where writing fails, what was written stays, ``failure`` says why, and what comes after is not
    written.

    Parameters
    ----------
    path
        Where to write.
    clock_ns
        Present time in ns, monotonic.
    max_bytes
        Bytes that the file may have; past them what is old is thinned.  The newest whole state
        and what came after it are always kept.

    Raises: RecordingError from the constructor
    Threads: one at a time
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        clock_ns: Callable[[], int] = time.monotonic_ns,
        *,
        max_bytes: int = SIZE_MAX,
    ) -> None:
        self.path = os.fsdecode(path)
        """Where it is written."""
        self.messages = 0
        """Messages written."""
        self.size_bytes = HEADER_SIZE
        """Bytes of the file."""
        self.failure: OSError | None = None
        """Why no more is written, if that is so."""
        self.ask: Callable[[], None] | None = None
        """What asks the publisher for its whole state."""
        self._backlog: deque[tuple[bytes, int]] = deque()
        self._backlog_bytes = 0
        self._asked = False
        self._max_bytes = max_bytes
        self._block = BlockBuilder()
        self._block_began_ns = 0
        self._flags = 0
        self._blocks: list[Written] = []
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
            _remove(self.path)
            raise RecordingError(
                self.path, f"{error.strerror}; name a file that can be written"
            ) from None

    def hear(self, frame: bytes) -> None:
        """Keep a message until there is time to write it: a publisher does not wait for long.

        Parameters
        ----------
        frame
            The message, as it was on the wire.

        """
        self._backlog.append((frame, self._clock_ns()))
        self._backlog_bytes += len(frame)
        while self._backlog_bytes > BACKLOG_MAX:
            self.catch_up()

    def catch_up(self) -> bool:
        """Write the oldest message that was kept.

        Returns
        -------
        bool
            Whether there are more.

        """
        if self._backlog:
            frame, heard_ns = self._backlog[0]
            self.write(frame, heard_ns)
            self._backlog.popleft()  # interrupted before, it is written twice: readers ignore that
            self._backlog_bytes -= len(frame)
        return bool(self._backlog)

    def write(self, frame: bytes, heard_ns: int | None = None) -> None:
        """Write a message; where writing fails, or has failed, ``failure`` says so.

        Parameters
        ----------
        frame
            The message, as it was on the wire.
        heard_ns
            When it arrived; None for now.

        """
        if self.failure is not None:
            return
        kind, flags = frame[_KIND], frame[_FLAGS]
        if kind == KIND_HELLO and not self._flags:
            self._store()
            self._flags = FLAG_KEYFRAME | FLAG_KEYFRAME_BEGIN
            self._asked = False
        elif kind == KIND_BYE:
            self._store()
        now_ns = self._clock_ns() if heard_ns is None else heard_ns
        if not self._block.frames:
            self._block_began_ns = now_ns
        self._block.add(frame, now_ns - self._began_ns)
        self.messages += 1
        if self._flags and flags & FLAG_KEYFRAME_END:
            self._store()
            self._flags = 0
        elif (
            kind == KIND_BYE
            or self._block.size_bytes > BLOCK_MAX
            or now_ns - self._block_began_ns >= FLUSH_NS
        ):
            self._store()

    def flush_if_due(self) -> None:
        """Write what is a second old."""
        if self._backlog or not self._block.frames:
            return
        if self._clock_ns() - self._block_began_ns >= FLUSH_NS:
            self._store()

    def flush(self) -> None:
        """Write all that was heard."""
        while self._backlog:
            self.catch_up()
        self._store()

    def _store(self) -> None:
        """Write a block, and thin what is old where the file has grown too large."""
        block, self._block = self._block, BlockBuilder()
        if not block.frames or self.failure is not None:
            return
        written = block.block(self._flags)
        try:
            _write(self._descriptor, written)
        except OSError as error:
            self.failure = error
            self.messages -= block.frames
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.size_bytes)
            return
        self._blocks.append(Written(self.size_bytes, len(written), self._flags))
        self._flags &= ~FLAG_KEYFRAME_BEGIN
        self.size_bytes += len(written)
        if self.size_bytes > self._max_bytes:
            self._thin()
        self._ask_if_due()

    def _thin(self) -> None:
        """Put a smaller recording in the place of this one, which stays if that fails."""
        kept = thinned(self._blocks, self._max_bytes // 2)
        if len(kept) == len(self._blocks):
            return
        try:
            self._descriptor = rewritten(self.path, self._descriptor, kept)
        except OSError as error:
            self.failure = error
            return
        self._blocks = moved(kept)
        self.size_bytes = HEADER_SIZE + sum(one.size for one in kept)

    def _ask_if_due(self) -> None:
        """Ask for the whole state from time to time, as thinning keeps what begins with one."""
        since = 0
        for block in reversed(self._blocks):
            if block.flags:
                break
            since += block.size
        if self.ask is not None and not self._asked and since > self._max_bytes // SEGMENTS:
            self._asked = True
            self.ask()

    def close(self) -> None:
        """Close the file; a second time is fine."""
        if self._descriptor >= 0:
            self.flush()
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


def _remove(path: str) -> None:
    """Remove a recording that has nothing."""
    with contextlib.suppress(OSError):
        os.unlink(path)


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
