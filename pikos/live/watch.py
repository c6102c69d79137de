"""Listens to a subscription for as long as a viewer lets it, and sets the scene."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pikos.live.functions import Baseline
from pikos.live.scene import Scene
from pikos.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikos.live.client import Subscription
    from pikos.model import Snapshot


class Watch:
    """A subscription, folded: what a viewer needs between two pictures.

    Parameters
    ----------
    subscription
        Whom to listen to.
    target
        What the user calls it.
    clock
        Present time in seconds.

    Threads: one at a time
    """

    def __init__(
        self,
        subscription: Subscription,
        target: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subscription = subscription
        self._target = target
        self._clock = clock
        self._model = Model()
        self._baseline = Baseline()
        self._stream = b""
        self._began_at = clock()

    @property
    def over(self) -> bool:
        """Whether everything that was heard has said goodbye."""
        return self._subscription.ended

    @property
    def whole(self) -> bool:
        """Whether the whole state of the session is known."""
        return self._snapshot().complete

    def silent_s(self) -> float:
        """Tell for how long nothing was heard.

        Returns
        -------
        float
            Seconds.

        """
        snapshot = self._snapshot()
        return self._clock() - (snapshot.heard_at if snapshot.stream else self._began_at)

    def listen(self, seconds: float) -> None:
        """Take in messages.

        Parameters
        ----------
        seconds
            For how long; less if all sessions say goodbye.

        """
        until = self._clock() + seconds
        while not self.over and (left_s := until - self._clock()) > 0:
            message = self._subscription.receive(left_s)
            if message is not None:
                self._model.fold(message, self._clock())

    def scene(self) -> Scene:
        """Set the scene.

        Returns
        -------
        Scene
            What there is to see now.

        """
        snapshot, error = self._snapshot(), self._subscription.last_error
        return Scene(
            snapshot=snapshot,
            baseline=self._baseline.note(snapshot),
            now=self._clock(),
            target=self._target,
            refused=self._subscription.refused,
            refusal=str(error or ""),
            disconnects=self._subscription.disconnects,
        )

    def _snapshot(self) -> Snapshot:
        """Stay with one session; turn to the one heard last when it has ended or fallen silent."""
        snapshot = self._model.snapshot(self._stream)
        if not snapshot.stream or snapshot.ended is not None or snapshot.stale(self._clock()):
            snapshot = self._model.snapshot()
            self._stream = snapshot.stream
        return snapshot
