"""Subscribes to sessions: what arrives, decoded, in order, with what is missing counted."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING

from pikos.errors import SessionGone, SessionSilent
from pikos.live.departures import Departures
from pikos.live.keys import viewer_keys
from pikos.live.sessions import find
from pikos.live.streams import Heard
from pikos.model.snapshot import STALE_INTERVALS, STALE_MIN_S
from pikos.wire.messages import Hello

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Self

    from pikos.errors import PikosError
    from pikos.live.keys import ViewerKeys
    from pikos.wire.messages import Message

ASK_AGAIN_S = 1.0
ASK_AGAIN_MAX_S = 16.0
"""Seconds between two requests for the whole state: from the first to the longest."""

_NAP_S = 0.2


class Subscription(Heard):
    """Messages of one or more publishers, as an iterable and as an asynchronous one.

    Iteration ends when every session that was heard has said goodbye.  A process of this machine
    that is gone without one gets a goodbye that says so, within a second; a publisher that goes
    away elsewhere is waited for, and heard again when it is back.  The publisher never waits
    for a subscription: what is not received in time is dropped, counted, and made up for by
    asking for the whole state.

    Parameters
    ----------
    addresses
        Where to listen.
    timeout
        Seconds that iteration waits for the next message; None for no limit.
    keys
        CURVE keys, or None.
    clock
        Present time in seconds.

    Raises: AddressError from the constructor; SessionSilent and SessionGone from iteration
    Threads: one at a time
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        timeout: float | None = None,
        keys: ViewerKeys | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from pikos.live.link import Link  # noqa: PLC0415  # zmq is slow, and not always needed

        super().__init__()
        self.addresses = tuple(addresses)
        """Where it listens."""
        self.live = True
        """A publisher may fall silent, or go without a goodbye."""
        self.tap: Callable[[bytes], None] | None = None
        """What is handed the bytes of each message that is received, to record them."""
        self.meanwhile: Callable[[], bool] | None = None
        """What is done with the tapped messages while there is none to receive, a little at a
        time; returns whether there is more to do."""
        self._busy = False
        self._timeout = timeout
        self._clock = clock
        self._heard_at = clock()
        self._asked_at = self._heard_at
        self._patience_s = ASK_AGAIN_S
        self._link = Link(self.addresses, keys, clock)
        self._departures = Departures(self.addresses, self._heard_at)
        self._goodbyes: deque[bytes] = deque()
        self.gone = False
        """Whether a process is gone that did not say goodbye."""

    @property
    def disconnects(self) -> int:
        """How often a publisher's connection ended: it went, or sent too large a message."""
        return self._link.disconnects

    @property
    def connected(self) -> bool:
        """Whether there is a connection to a publisher."""
        return self._link.connected > 0

    @property
    def ended(self) -> bool:
        """Whether every session that was heard has said goodbye, or every process is gone."""
        return self._streams.ended or (self._departures.complete and not self._goodbyes)

    def now(self) -> float:
        """Tell the present time.

        Returns
        -------
        float
            Seconds, of the subscription's clock.

        """
        return self._clock()

    def stale(self, now: float) -> bool:
        """Tell whether nothing was heard for too long.

        Parameters
        ----------
        now
            Present time in seconds, of the subscription's clock.

        Returns
        -------
        bool
            Whether the last message is older than a session may be silent.

        """
        patience_s = max(STALE_MIN_S, STALE_INTERVALS * self._streams.interval_s)
        return not self.ended and now - self._heard_at > patience_s

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """Wait for a message.

        Parameters
        ----------
        timeout_s
            How long to wait at most, in seconds; None for no limit, 0 to only look.

        Returns
        -------
        Hello, Rows, Bye, Unknown or None
            The next message, or None if there was none in time or no process is left.

        """
        until = math.inf if timeout_s is None else self._clock() + timeout_s
        while True:
            left_s = until - self._clock()
            self._link.wait(0 if self._busy else min(left_s, _NAP_S))
            message = self._take()
            if message is None and self.meanwhile is not None:
                self._busy = self.meanwhile()
            if message is not None or left_s <= 0 or self._departures.complete:
                return message

    def ask_for_state(self) -> None:
        """Ask the publishers for their whole state, which they send when they can."""
        self._link.subscribe_anew()

    def close(self) -> None:
        """Stop listening.  The publisher is not disturbed; a second time is fine."""
        self._link.close()
        self._departures.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message:
        if self.ended:
            raise StopIteration
        message = self.receive(self._timeout)
        if message is None:
            raise self._silence()
        return message

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        if self.ended:
            raise StopAsyncIteration
        until = math.inf if self._timeout is None else self._clock() + self._timeout
        while True:
            left_s = until - self._clock()
            await self._link.wait_async(min(left_s, _NAP_S))
            message = self._take()
            if message is not None:
                return message
            if left_s <= 0 or self._departures.complete:
                raise self._silence()

    def _take(self) -> Message | None:
        """Take one message off the queue: None if there is none, or nothing in it."""
        several = len(self.addresses) > 1  # then the others may never be silent
        frame = None if several and self._goodbyes else self._link.read()
        if frame is None or several:
            self._look_who_is_gone()
        if frame is None:
            if not self._goodbyes:
                return None
            frame = self._goodbyes.popleft()
        message = self._streams.take(frame)
        if message is not None:
            if self.tap is not None:
                self.tap(frame)
                self._busy = self.meanwhile is not None
            if isinstance(message, Hello):
                self._departures.find(self._clock())
            self._heard(message.envelope.stream)
        return message

    def _look_who_is_gone(self) -> None:
        """Make the goodbyes of processes that are gone, once all that they sent is received."""
        if self._streams.ended:
            return
        if self._departures.complete:
            self._departures.find(self._clock())  # another one may have taken the address
        for pid in self._departures.look(self._clock(), connected=self.connected):
            self.gone = True
            reason = f"gone without a goodbye at {time.strftime('%H:%M:%S')}"
            self._goodbyes += self._streams.goodbyes(reason, pid, alone=len(self.addresses) == 1)

    def _heard(self, stream: bytes) -> None:
        """Ask for the whole state where it is not known, with growing patience."""
        self._heard_at = self._clock()
        if not self._streams.lacks_state(stream):
            self._patience_s = ASK_AGAIN_S
        elif self._heard_at - self._asked_at >= self._patience_s:
            self.ask_for_state()
            self._asked_at = self._heard_at
            self._patience_s = min(2 * self._patience_s, ASK_AGAIN_MAX_S)

    def _silence(self) -> PikosError:
        if self.ended:
            return SessionGone(", ".join(self.addresses), "nothing was heard from it")
        return SessionSilent(", ".join(self.addresses), self._timeout or 0.0, self._link.state)


def subscribe(
    target: str | int,
    *,
    timeout: float | None = None,
    keys: str | os.PathLike[str] | None = None,
) -> Subscription:
    """Subscribe to a running program.

    Parameters
    ----------
    target
        Process id, address, or path of a socket or session directory.
    timeout
        Seconds that iteration waits for the next message; None for no limit.
    keys
        Directory of CURVE keys (``pikos keygen``), if the program publishes with them.

    Returns
    -------
    Subscription
        Its messages; ``pikos.model.Model`` folds them into the present state.

    Raises
    ------
    SessionNotFound
        If no live session answers to the target.
    AddressError
        If the address makes no sense.
    KeyFileError
        If the keys cannot be used.

    Examples
    --------
    >>> with subscribe(12345) as messages:  # doctest: +SKIP
    ...     for message in messages:
    ...         print(type(message).__name__)

    """
    found = None if keys is None else viewer_keys(keys)
    return Subscription(find(target), timeout=timeout, keys=found)
