"""Listens to a source of messages for as long as a viewer lets it, and sets the scene."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pikos.live.functions import Baseline
from pikos.live.scene import Scene
from pikos.live.source import Seekable, length_of
from pikos.model import Model
from pikos.model.merge import Merge

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikos.live.source import Source
    from pikos.model import Snapshot


class Watch:
    """A source of messages, folded: what a viewer needs between two pictures.

    Parameters
    ----------
    source
        Whom to listen to.
    target
        What the user calls it.
    clock
        Present time in seconds, of the viewer; how old data is, is told by the source's.
    merged
        Whether to see all that is heard as one session.

    Threads: one at a time
    """

    def __init__(
        self,
        source: Source,
        target: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        merged: bool = False,
    ) -> None:
        self._source = source
        self._target = target
        self._clock = clock
        self._model = Model()
        self._merge = Merge() if merged else None
        self._baseline = Baseline()
        self._stream = b""
        self._began_at = source.now()

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self._source.ended

    @property
    def whole(self) -> bool:
        """Whether the whole state of the session is known."""
        return self._snapshot().complete

    @property
    def live(self) -> bool:
        """Whether whoever speaks may fall silent; a recording is told to its end."""
        return self._source.live

    def settle(self, patience_s: float) -> None:
        """Listen until the present state is known: the whole one; of a recording, the last one.

        Parameters
        ----------
        patience_s
            For how long to listen at most to somebody who may fall silent, in seconds.

        """
        give_up_at = self._clock() + patience_s
        while not (self.over or (self.live and (self.whole or self._clock() > give_up_at))):
            self.listen(0.01)

    def silent_s(self) -> float:
        """Tell for how long nothing was heard.

        Returns
        -------
        float
            Seconds.

        """
        snapshot = self._snapshot()
        return self._source.now() - (snapshot.heard_at if snapshot.stream else self._began_at)

    def listen(self, seconds: float) -> None:
        """Take in messages.

        Parameters
        ----------
        seconds
            For how long; less if nothing more is to come, and more while a recording is not yet at
            the place where it began.

        """
        until = self._clock() + seconds
        while not self.over and ((left_s := until - self._clock()) > 0 or self._is_behind()):
            message = self._source.receive(max(0.0, left_s))
            if message is not None:
                self._model.fold(message, self._source.now())

    def take_in(self, seconds: float) -> None:
        """Take in the messages that are there already.

        Parameters
        ----------
        seconds
            For how long at most, however many there are.

        """
        until = self._clock() + seconds
        while not self.over and self._clock() < until:
            message = self._source.receive(0)
            if message is None:
                return
            self._model.fold(message, self._source.now())

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
        self._model = Model()  # what came later is not known yet
        self._baseline = Baseline()
        self._stream = b""
        return True

    def scene(self) -> Scene:
        """Set the scene.

        Returns
        -------
        Scene
            What there is to see now.

        """
        snapshot, error = self._snapshot(), self._source.last_error
        return Scene(
            snapshot=snapshot,
            baseline=self._baseline.note(snapshot),
            now=self._source.now(),
            target=self._target,
            refused=self._source.refused,
            refusal=str(error or ""),
            disconnects=self._source.disconnects,
            unanswered=self._source.unanswered,
            replayed_s=None if self.live else self._source.now(),
            length_s=length_of(self._source),
        )

    def _is_behind(self) -> bool:
        return isinstance(self._source, Seekable) and self._source.behind

    def _snapshot(self) -> Snapshot:
        """Stay with one session; turn to the one heard last when it has ended or fallen silent."""
        if self._merge is not None:
            return self._merge.of([self._model.snapshot(s) for s in sorted(self._model.streams)])
        snapshot = self._model.snapshot(self._stream)
        if not snapshot.stream or snapshot.ended is not None or snapshot.stale(self._source.now()):
            snapshot = self._model.snapshot()
            self._stream = snapshot.stream
        return snapshot
