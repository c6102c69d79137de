"""Subscribes to sessions: what arrives, decoded, in order, with what is missing counted."""

from __future__ import annotations

import math
import os
import time
from itertools import chain
from typing import TYPE_CHECKING

from pikos.errors import PikosError, SessionGone, SessionSilent
from pikos.live.departures import Departures
from pikos.live.keys import viewer_keys
from pikos.live.ledger_state import LedgerState, gone_at
from pikos.live.session_lock import LEDGER_NAME
from pikos.live.sessions import find
from pikos.live.streams import Heard
from pikos.model.snapshot import STALE_INTERVALS, STALE_MIN_S
from pikos.wire.messages import Hello

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from pikos.live.departures import Gone
    from pikos.live.keys import ViewerKeys
    from pikos.wire.messages import Message

ASK_AGAIN_S = 1.0
ASK_AGAIN_MAX_S = 16.0
"""Seconds between two requests for the whole state: from the first to the longest."""

SILENCE_S = 1.0
SILENCE_MAX_S = 16.0
"""Seconds without an answer after which a ledger's file is read: from the first to the longest."""

_NAP_S = 0.2


class Subscription(Heard):
    """Messages of one or more publishers, as an iterable and as an asynchronous one.

    Iteration ends when every session that was heard has said goodbye.  Of a process of this machine
    that is gone without one come the last state, from its ledger's file, and a goodbye that says
    so, within a second.  One that does not answer, perhaps because it is stopped, is read from that
    file, too.  A publisher that goes away elsewhere is waited for, and heard again when it is back.
    The publisher never waits for a subscription: what is not received in time is dropped, counted,
    and made up for by asking for the whole state.

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
        """Called while no message is waiting, to process a few tapped ones; returns whether
        more are left."""
        self._busy = False
        self._timeout = timeout
        self._clock = clock
        self._heard_at = clock()
        self._asked_at = -math.inf  # subscribing asked, but what comes first may be older
        self._patience_s = ASK_AGAIN_S
        self._link = Link(self.addresses, keys, clock)
        self._departures = Departures(self.addresses, self._heard_at)
        self._made: Iterator[bytes] | None = None  # messages in the place of a process's own
        self._reads_after_s = SILENCE_S
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
        return self._streams.ended or self._nobody_left

    @property
    def _nobody_left(self) -> bool:
        """Whether every process is gone, and none was heard that is not known to be."""
        over = self._streams.ended or not len(self._streams)
        return self._departures.complete and self._made is None and over

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
            if message is not None or left_s <= 0 or self._nobody_left:
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
            if left_s <= 0 or self._nobody_left:
                raise self._silence()

    def _take(self) -> Message | None:
        """Take one message off the queue: None if there is none, or nothing in it."""
        several = len(self.addresses) > 1  # then the others may never be silent
        frame = None if several and self._made is not None else self._link.read()
        if frame is not None:
            self.unanswered = False
            self._reads_after_s = SILENCE_S
        if frame is None or several:
            self._look_who_is_gone()
        if frame is None:
            self._read_if_silent()
            frame = None if self._made is None else next(self._made, None)
            if frame is None:
                self._made = None
                return None
        message = self._streams.take(frame)
        if message is not None:
            if self.tap is not None:
                self.tap(frame)
                self._busy = self.meanwhile is not None
            if isinstance(message, Hello):
                self._departures.find_soon()
            self._heard(message.envelope.stream)
        return message

    def _look_who_is_gone(self) -> None:
        """Make the last messages of processes that are gone, once all that they sent is here."""
        if self._streams.ended:
            return
        heard = self._streams.pids
        for gone in self._departures.look(self._clock(), connected=self.connected, heard=heard):
            self.gone = True
            self._made = chain(self._made or (), self._last_messages(gone))

    def _last_messages(self, gone: Gone) -> Iterator[bytes]:
        """Make what a process would have sent at its end: its last state, and a goodbye.

        The ledger tells its session from that of a next program of the same process id (exec).
        """
        try:
            state = LedgerState(os.path.join(gone.directory, LEDGER_NAME))
            yield from state.frames(*self._streams.next_of(state.stream), reason=state.reason)
        except PikosError:  # no ledger, or an invalid one
            yield from self._streams.goodbyes(gone_at(), gone.pid, alone=len(self.addresses) == 1)

    def _read_if_silent(self) -> None:
        """Make messages of the ledger of a process that is there and does not answer."""
        silent_s = self._clock() - self._heard_at
        if self._made is not None or silent_s < self._reads_after_s or self._link.refused:
            return
        if len(self._streams) and not self.stale(self._clock()):
            return
        self._reads_after_s = min(2 * self._reads_after_s, SILENCE_MAX_S)
        for directory in self._departures.alive:
            self._made = chain(self._made or (), self._present_messages(directory))

    def _present_messages(self, directory: str) -> Iterator[bytes]:
        """Make the messages with which a process would send its whole state.

        They are numbered so that what the process sends next is news.
        """
        try:
            state = LedgerState(os.path.join(directory, LEDGER_NAME), living=True)
            sequence, time_ns = self._streams.next_of(state.stream)
            first = max(0, sequence - state.messages())
            for frame in state.frames(first, time_ns):
                self.unanswered = True
                yield frame
        except PikosError:  # there is none, or it was given up meanwhile
            pass
        else:
            self.ask_for_state()

    def _heard(self, stream: bytes) -> None:
        """Ask for the whole state where it is not known, with growing patience."""
        self._heard_at = self._clock()
        if not self._streams.lacks_state(stream):
            self._patience_s = ASK_AGAIN_S
        elif self._asked_at == -math.inf:
            self._asked_at = self._heard_at
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
