"""One source of messages, folded, with what a page needs of each of its sessions over time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pikos.live.functions import Baseline
from pikos.live.history import History
from pikos.live.scene import Scene
from pikos.live.source import Seekable, length_of
from pikos.model import Model, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikos.live.source import Source

HISTORY_APART_NS = 100_000_000
"""The least time between two readings of the memory, ns."""


class _Seen:
    """What is remembered of one session beside its present state."""

    def __init__(self) -> None:
        self.baseline = Baseline()
        self.history = History()
        self.noted_at_ns = -HISTORY_APART_NS


class Feed:
    """A source of messages, folded.

    Parameters
    ----------
    source
        Whom to listen to; closed by ``close``.
    target
        What the user calls it.
    clock
        Present time in seconds.

    Threads: one at a time
    """

    def __init__(
        self, source: Source, target: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.target = target
        """What the user calls it."""
        self._source = source
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        """Know nothing."""
        self._model = Model()
        self._seen: dict[bytes, _Seen] = {}

    @property
    def streams(self) -> tuple[bytes, ...]:
        """Stream ids of its sessions, the one first heard first."""
        known = set(self._model.streams)
        return tuple(stream for stream in self._seen if stream in known)

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self._source.ended

    @property
    def refused(self) -> int:
        """Frames that were no message, or broke a limit."""
        return self._source.refused

    def now(self) -> float:
        """Tell the time at the source, in seconds."""
        return self._source.now()

    def tab_id(self, stream: bytes) -> str:
        """Name a session for pages.

        Parameters
        ----------
        stream
            Its stream id; empty while nothing was heard.

        Returns
        -------
        str
            What pages call it.

        """
        return stream.hex() if stream else f"waiting for {self.target}"

    def publishes_profile(self, stream: bytes) -> bool:
        """Tell whether a session is a profiler's."""
        return self._model.facts(stream).get("publishes") != "records"

    def snapshot(self, stream: bytes) -> Snapshot:
        """Freeze the state of a session."""
        return self._model.snapshot(stream) if stream else Snapshot()

    def hear(self, seconds: float) -> bool:
        """Take in the messages that are there already.

        Parameters
        ----------
        seconds
            For how long at most, however many there are.

        Returns
        -------
        bool
            Whether there were any.

        """
        until, heard = self._clock() + seconds, False
        while not self.over and self._clock() < until:
            message = self._source.receive(0)
            if message is None:
                break
            heard = True
            self._model.fold(message, self._source.now())
            self._remember(message.envelope.stream, message.envelope.time_ns)
        return heard

    def _remember(self, stream: bytes, time_ns: int) -> None:
        seen = self._seen.setdefault(stream, _Seen())
        if len(self._seen) > 2 * len(self._model.streams):
            self._seen = {name: self._seen[name] for name in self.streams}
        if time_ns - seen.noted_at_ns >= HISTORY_APART_NS and seen.history.is_due(time_ns):
            seen.noted_at_ns = time_ns
            seen.history.note(self._model.snapshot(stream))

    def scene(self, stream: bytes) -> Scene:
        """Set the scene of a session.

        Parameters
        ----------
        stream
            Its stream id; empty while nothing was heard.

        Returns
        -------
        Scene
            What there is to see now.

        """
        snapshot, seen = self.snapshot(stream), self._seen.get(stream, _Seen())
        return Scene(
            snapshot=snapshot,
            baseline=seen.baseline.note(snapshot),
            now=self._source.now(),
            target=self.target,
            refused=self._source.refused,
            refusal=str(self._source.last_error or ""),
            disconnects=self._source.disconnects,
            unanswered=self._source.unanswered,
            replayed_s=None if self._source.live else self._source.now(),
            length_s=length_of(self._source),
            memory=seen.history.readings,
        )

    def seek(self, by_s: float) -> bool:
        """Go back or ahead in a recording.

        Parameters
        ----------
        by_s
            Seconds of the recording; below 0 to go back.

        Returns
        -------
        bool
            Whether it is a recording.

        """
        if not isinstance(self._source, Seekable):
            return False
        self._source.seek(max(0.0, self._source.now() + by_s))
        self._begin()
        return True

    def close(self) -> None:
        """Stop listening; a second time is fine."""
        self._source.close()
