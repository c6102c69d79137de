"""A recording as a source of messages, at the pace at which they arrived or any other."""

from __future__ import annotations

import math
import time
from functools import cached_property
from typing import TYPE_CHECKING

from pikos.live.streams import Heard, Streams
from pikos.recording.reader import RecordingReader

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from typing import Self

    from pikos.recording.container import Entry
    from pikos.wire.messages import Message

_NAP_S = 1.0
_DUE_S = 1e-6  # less than this cannot be waited for


class Replay(Heard):
    """The messages of a recording, as a subscription gives those of a running program.

    As an iterable it gives the messages at its pace until the recording ends.

    Parameters
    ----------
    path
        The recording.
    speed
        How much faster than they arrived the messages come; ``math.inf`` for at once.
    begin_s
        Where to begin, in seconds: everything that had arrived by then comes at once.
    end_s
        Where to end, in seconds: what arrived later does not come.
    clock
        Present time in seconds.
    sleep
        What waits for so many seconds.

    Raises: RecordingError from the constructor, if the file is no recording
    Threads: one at a time
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        speed: float = math.inf,
        begin_s: float = 0.0,
        end_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self.live = False
        """A recording is never silent for good."""
        self.disconnects = 0
        """A recording has no connection that could end."""
        self._reader = RecordingReader(path)
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._end_ns = end_s * 1e9
        self.seek(begin_s)

    @property
    def path(self) -> str:
        """The file."""
        return self._reader.path

    @property
    def damage(self) -> str:
        """What is wrong with the file, as far as it was read; empty if nothing is."""
        return self._reader.damage

    @cached_property
    def length_s(self) -> float | None:
        """Seconds from the beginning to the last message; None if the end is damaged."""
        length_ns = self._reader.length_ns()
        return None if length_ns is None else min(length_ns, self._end_ns) / 1e9

    @property
    def ended(self) -> bool:
        """Whether all has been told."""
        return self._next is None

    @property
    def behind(self) -> bool:
        """Whether something is still to come of what arrived before the place where it began."""
        return self._next is not None and self._next.arrival_ns <= self._begin_s * 1e9

    def now(self) -> float:
        """Tell how far the replay is.

        Returns
        -------
        float
            Seconds since the recording began.

        """
        if self.ended or self._speed == math.inf:
            return self._heard_s
        return self._begin_s + (self._clock() - self._began_at) * self._speed

    def seek(self, position_s: float) -> None:
        """Begin anew: everything that arrived before a moment comes at once, the rest at pace.

        Parameters
        ----------
        position_s
            The moment, in seconds since the recording began.

        """
        self._streams = Streams()
        self._begin_s = position_s
        self._began_at = self._clock()
        self._heard_s = 0.0
        self._reader.rewind()
        self._entries = self._reader.entries()
        self._next = self._following()

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """Wait for a message.

        Parameters
        ----------
        timeout_s
            How long to wait at most, in seconds; None for no limit, 0 to only look.

        Returns
        -------
        Hello, Rows, Bye, Unknown or None
            The next message, or None if there was none in time or all has been told.

        """
        until = math.inf if timeout_s is None else self._clock() + timeout_s
        while (entry := self._next) is not None:
            wait_s = (entry.arrival_ns / 1e9 - self.now()) / self._speed
            left_s = max(0.0, until - self._clock())
            if wait_s > _DUE_S:
                self._sleep(min(wait_s, left_s, _NAP_S))
                if wait_s > left_s:
                    return None
                continue
            self._heard_s = entry.arrival_ns / 1e9
            self._next = self._following()
            message = self._streams.take(entry.frame)
            if message is not None:
                return message
        return None

    def _following(self) -> Entry | None:
        entry = next(self._entries, None)
        return None if entry is None or entry.arrival_ns > self._end_ns else entry

    def close(self) -> None:
        """Close the file; a second time is fine."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message:
        message = self.receive()
        if message is None:
            raise StopIteration
        return message
