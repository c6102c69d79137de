"""Subscribes to sessions: what arrives, decoded, in order, with what is missing counted."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from pikos.errors import SessionSilent, WireError
from pikos.live.keys import viewer_keys
from pikos.live.sessions import find
from pikos.model.snapshot import STALE_INTERVALS, STALE_MIN_S
from pikos.wire.codec import decode
from pikos.wire.messages import Bye, Hello
from pikos.wire.order import Order
from pikos.wire.tables import TABLES

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Self

    from pikos.live.keys import ViewerKeys
    from pikos.wire.messages import Message
    from pikos.wire.tables import Table

STREAMS_MAX = 64
"""Sessions that a subscription keeps apart; past them the one heard least lately is forgotten."""

ASK_AGAIN_S = 1.0
ASK_AGAIN_MAX_S = 16.0
"""Seconds between two requests for the whole state: from the first to the longest."""

_STREAM = slice(8, 24)
_NAP_S = 1.0


class _Stream:
    """What a subscription remembers of one session."""

    def __init__(self) -> None:
        self.tables: tuple[Table, ...] = TABLES
        self.order = Order()
        self.interval_s = 0.1
        self.ended = False


class Subscription:
    """Messages of one or more publishers, as an iterable and as an asynchronous one.

    Iteration ends when every session that was heard has said goodbye.  A publisher that goes
    away without one is waited for, and heard again when it is back.  The publisher never waits
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

    Raises: AddressError from the constructor; SessionSilent from iteration
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

        self.addresses = tuple(addresses)
        """Where it listens."""
        self.refused = 0
        """Messages that were none, or broke a limit."""
        self.last_error: WireError | None = None
        """What was wrong with the last one of them."""
        self._timeout = timeout
        self._clock = clock
        self._streams: OrderedDict[bytes, _Stream] = OrderedDict()
        self._forgotten_drops = 0
        self._heard_at = clock()
        self._asked_at = self._heard_at
        self._patience_s = ASK_AGAIN_S
        self._link = Link(self.addresses, keys, clock)

    @property
    def dropped(self) -> int:
        """Messages that were sent and never received."""
        return self._forgotten_drops + sum(s.order.dropped for s in self._streams.values())

    @property
    def disconnects(self) -> int:
        """How often a publisher's connection ended: it went, or sent too large a message."""
        return self._link.disconnects

    @property
    def ended(self) -> bool:
        """Whether every session that was heard has said goodbye."""
        return bool(self._streams) and all(stream.ended for stream in self._streams.values())

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
        longest_s = max((stream.interval_s for stream in self._streams.values()), default=0.1)
        patience_s = max(STALE_MIN_S, STALE_INTERVALS * longest_s)
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
            The next message, or None if there was none in time.

        """
        until = math.inf if timeout_s is None else self._clock() + timeout_s
        while True:
            left_s = until - self._clock()
            if self._link.wait(min(left_s, _NAP_S)):
                message = self._take()
                if message is not None:
                    return message
            if left_s <= 0:
                return None

    def close(self) -> None:
        """Stop listening.  The publisher is not disturbed; a second time is fine."""
        self._link.close()

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
            if await self._link.wait_async(min(left_s, _NAP_S)):
                message = self._take()
                if message is not None:
                    return message
            if left_s <= 0:
                raise self._silence()

    def _take(self) -> Message | None:
        """Take one message off the queue: None if there is none, or nothing in it."""
        frame = self._link.read()
        if frame is None:
            return None
        stream = self._streams.get(frame[_STREAM])
        try:
            message = decode(frame, TABLES if stream is None else stream.tables)
        except WireError as error:
            self.refused += 1
            self.last_error = error
            return None
        return message if self._is_news(message) else None

    def _is_news(self, message: Message) -> bool:
        stream = self._stream(message.envelope.stream)
        if not stream.order.note(message):
            return False
        self._heard_at = self._clock()
        stream.ended = isinstance(message, Bye)
        if isinstance(message, Hello):
            stream.tables = message.tables
            stream.interval_s = message.facts.get("interval_ns", 100_000_000) / 1e9
        if stream.order.complete:
            self._patience_s = ASK_AGAIN_S
        elif not stream.ended and self._heard_at - self._asked_at >= self._patience_s:
            self._link.subscribe_anew()
            self._asked_at = self._heard_at
            self._patience_s = min(2 * self._patience_s, ASK_AGAIN_MAX_S)
        return True

    def _stream(self, name: bytes) -> _Stream:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = _Stream()
            if len(self._streams) > STREAMS_MAX:
                self._forgotten_drops += self._streams.popitem(last=False)[1].order.dropped
        self._streams.move_to_end(name)
        return stream

    def _silence(self) -> SessionSilent:
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
