"""Publishes records from a thread of its own, which no monitor records."""

from __future__ import annotations

import contextlib
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from pikos.hidden import hidden_thread
from pikos.publishing.outlet import Outlet
from pikos.recorders.record_buffer import RecordBuffer
from pikos.recorders.record_messages import RecordMessages
from pikos.recorders.record_tables import KEPT_MAX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.publishing.keys import PublisherKeys

INTERVAL_S = 0.1
"""Seconds after which records are sent at the latest."""

LINGER_S = 0.25
"""Seconds that viewers have, at most, to take the last messages."""

PAUSE_LINGER_S = 0.05
"""Seconds that they have before a fork."""

PATIENCE_S = 1.0
"""Seconds that the thread has, at most, to end; then it is left alone."""

RECONNECT_S = 0.2
"""Seconds that a viewer has, after a fork, to be back before goodbye is said."""


class _Stop(NamedTuple):
    """Have the thread end."""

    reason: str | None
    """Why, for viewers; None if it will go on later."""


class _Prepare(NamedTuple):
    """Have a table declared."""

    record_type: Any
    """Class of the records to come."""


class RecordSender:
    """A thread with a socket, and the records that wait for it.

    Parameters
    ----------
    endpoint
        What to bind, already checked.
    keys
        CURVE keys, or None.
    stream
        The session's 16 random bytes.
    facts
        What its hello says.

    Raises: AddressError from the constructor
    Threads: ``buffer.put`` from any; the rest from one at a time
    Fork: ``pause`` before it, ``resume`` in the parent
    """

    def __init__(
        self,
        endpoint: str,
        keys: PublisherKeys | None,
        stream: bytes,
        facts: Mapping[str, Any],
    ) -> None:
        self.error: BaseException | None = None
        """What made the thread end, if it was not told to."""
        self._keys = keys
        self._orders: SimpleQueue[Any] = SimpleQueue()
        self.buffer = RecordBuffer(self._orders)
        """Where records are put."""
        self._messages = RecordMessages(stream, facts, time.monotonic_ns)
        self._tables_told = 0
        self._watched = threading.Event()
        self._watched_at_fork = False
        self._thread: threading.Thread | None = None
        self._outlet: Outlet | None = Outlet(endpoint, keys)
        self.bound = self._outlet.bound
        """Where it publishes."""

    def start(self) -> None:
        """Begin to publish."""
        self._thread = threading.Thread(target=self._run, name="pikos records", daemon=True)
        self._thread.start()

    def prepare(self, record_type: Any) -> None:
        """Let viewers know which records will come."""
        self._orders.put(_Prepare(record_type))

    def flush(self) -> None:
        """Have the records sent soon; does not wait for it."""
        if self._orders.empty():
            self._orders.put(None)

    def wait_for_viewer(self, timeout_s: float) -> bool:
        """Wait until somebody watches, so long at most; whether somebody does."""
        return self._watched.wait(timeout_s)

    def stop(self, reason: str) -> None:
        """Send what waits, say goodbye and let go of the socket; bounded."""
        if self._watched_at_fork:  # whoever watched may not be connected again yet
            self._watched.wait(RECONNECT_S)
        self._end(_Stop(reason), PATIENCE_S)

    def pause(self) -> None:
        """Have no thread and no socket, so that the process can fork."""
        self._watched_at_fork |= self._watched.is_set()
        self._end(_Stop(None), PATIENCE_S)
        self._watched.clear()

    def resume(self) -> None:
        """Publish again where it was."""
        if self.error is None and self._outlet is None:
            try:
                self._outlet = Outlet(self.bound, self._keys)
                self.start()
            except Exception as error:  # noqa: BLE001 - whoever forks is not to be disturbed
                self.error = error

    def _end(self, stop: _Stop, patience_s: float) -> None:
        self._orders.put(stop)
        thread, self._thread = self._thread, None
        if thread is None:
            self._close(0.0)
        elif thread is not threading.current_thread():  # a collection may happen anywhere
            thread.join(patience_s)

    def _run(self) -> None:
        with hidden_thread():
            try:
                while (stop := self._orders_until_due()) is None:
                    self._publish()
                self._take_leave(stop)
            except BaseException as error:  # noqa: BLE001 - told by the recorder
                self.error = error
                with contextlib.suppress(Exception):
                    self._close(0.0)

    def _orders_until_due(self) -> _Stop | None:
        """Do as was told, until records are to be sent."""
        timeout_s = INTERVAL_S
        with contextlib.suppress(Empty):
            while True:
                order = self._orders.get(timeout=timeout_s)
                if isinstance(order, _Stop):
                    return order
                if isinstance(order, _Prepare):
                    self._messages.tables.prepare(order.record_type)
                timeout_s = 0.0
        return None

    def _publish(self) -> None:
        messages, tables, outlet = self._messages, self._messages.tables, self._outlet
        assert outlet is not None  # noqa: S101 - for mypy: while the thread runs
        tables.drop(self.buffer.take_dropped())  # before the records that came after them
        groups = tables.group(self.buffer.take())
        asked = outlet.subscriptions()
        if asked:
            (self._watched.set if asked[-1] else self._watched.clear)()
        if any(asked) or (self._watched.is_set() and self._tables_told != len(tables)):
            self._tables_told = len(tables)
            for message in messages.keyframe():
                outlet.send(message)
        watched = self._watched.is_set()
        taken = tables.take(groups, None if watched else KEPT_MAX)
        if watched:
            for message in messages.news(taken):
                outlet.send(message)

    def _take_leave(self, stop: _Stop) -> None:
        self._publish()
        if stop.reason is None:
            self._close(PAUSE_LINGER_S)
            return
        if self._outlet is not None:
            self._outlet.send(self._messages.bye(stop.reason))
        self._close(LINGER_S)

    def _close(self, linger_s: float) -> None:
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            outlet.close(linger_s)
