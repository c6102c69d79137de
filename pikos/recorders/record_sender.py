"""Publishes records from a thread of its own, which no monitor records."""

from __future__ import annotations

import contextlib
import os
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

RETRY_S = 0.002, 2.0
"""Seconds between two tries to publish again after a fork: at first, and at most; they double."""

THREADS_GONE_S = 0.1
"""Seconds that the system has, at most, to be rid of threads that have ended."""

OWN_THREADS = 3
"""Threads of a sender that publishes: its own, and libzmq's two."""

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
        self.waits_for: Exception | None = None
        """Why it cannot publish again yet after a fork; that is tried again."""
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
        thread = threading.Thread(target=self._run, name="pikos records", daemon=True)
        thread.start()
        self._thread = thread

    def prepare(self, record_type: Any) -> None:
        """Let viewers know which records will come."""
        self._try_again()
        self._orders.put(_Prepare(record_type))

    def flush(self) -> None:
        """Have the records sent soon; does not wait for it."""
        self._try_again()
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
        threads = _threads()
        own = OWN_THREADS if self._outlet is not None else 1
        if self._thread is not None:
            self._end(_Stop(None), PATIENCE_S)
            _wait_for_the_system(threads - own)
        self._watched.clear()

    def resume(self) -> None:
        """Publish again where it was, as soon as that is possible."""
        if self.error is None and self._thread is None:
            try:
                self.start()
                self.waits_for = None
            except RuntimeError as error:  # there is no thread for it
                self.waits_for = error

    def _try_again(self) -> None:
        """After a fork, start the thread if there was none."""
        if self.waits_for is not None and self._thread is None:
            self.resume()

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
                if not self._publishes_again():
                    return
                while (stop := self._orders_until_due()) is None:
                    self._publish()
                self._take_leave(stop)
            except BaseException as error:  # noqa: BLE001 - told by the recorder
                self.error = error
                with contextlib.suppress(Exception):
                    self._close(0.0)

    def _publishes_again(self) -> bool:
        """Have an outlet, after a fork a new one; False if told to stop before there is one."""
        pause_s, pause_max_s = RETRY_S
        while self._outlet is None:
            try:
                self._outlet = Outlet(self.bound, self._keys)
                self.waits_for = None
            except Exception as error:  # noqa: BLE001 - a port or a descriptor may be free again
                self.waits_for = error
                if self._orders_until_due(pause_s) is not None:
                    return False
                pause_s = min(2 * pause_s, pause_max_s)
        return True

    def _orders_until_due(self, timeout_s: float = INTERVAL_S) -> _Stop | None:
        """Do as was told, until records are to be sent."""
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


def _threads() -> int:
    """How many threads this process has, as the system counts them; 0 where it does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 0


def _wait_for_the_system(threads: int) -> None:
    """Wait until it counts no more threads than that: a fork warns of any that it finds."""
    deadline = time.monotonic() + THREADS_GONE_S
    while _threads() > threads > 0 and time.monotonic() < deadline:
        time.sleep(0.0002)
