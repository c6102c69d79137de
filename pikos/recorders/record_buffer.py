"""Where records wait until they are published: bounded, and never a wait for who adds one."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from pikos.recorders.record_tables import kind_of

if TYPE_CHECKING:
    from collections.abc import Hashable
    from queue import SimpleQueue

WAITING_MAX = 50_000
"""Records that may wait; past them the one that has waited longest is dropped, and counted."""

HURRY = 10_000
"""Records that wait when whoever publishes them is woken."""


class RecordBuffer:
    """Records that wait, and how many could not.

    Parameters
    ----------
    wake
        Gets None when many records wait.

    Threads: ``put`` from any, also from a signal handler or a finalizer within another ``put``;
    the rest from one
    """

    def __init__(self, wake: SimpleQueue[Any]) -> None:
        self._wake = wake
        self._waiting: deque[Any] = deque()
        self._dropped: dict[Hashable, tuple[int, Any]] = {}
        self._lock = threading.RLock()  # of what is dropped; records come and go without it

    def put(self, record: Any) -> None:
        """Add a record."""
        waiting = self._waiting
        waiting.append(record)
        if len(waiting) == HURRY:
            self._wake.put(None)
        elif len(waiting) > WAITING_MAX:
            self._drop()

    def take(self) -> list[Any]:
        """Take the records that wait now."""
        taken: list[Any] = []
        try:
            while len(taken) < WAITING_MAX:  # more may be coming all the time
                taken.append(self._waiting.popleft())
        except IndexError:
            pass
        return taken

    def take_dropped(self) -> dict[Hashable, tuple[int, Any]]:
        """Take the numbers of dropped records, with one of them, by what ``kind_of`` says."""
        if not self._dropped:
            return {}
        with self._lock:
            dropped, self._dropped = self._dropped, {}
        return dropped

    def _drop(self) -> None:
        with self._lock:
            try:
                oldest = self._waiting.popleft()
            except IndexError:  # they have just been taken
                return
            kind = kind_of(oldest)
            number, example = self._dropped.get(kind, (0, oldest))
            self._dropped[kind] = (number + 1, example)
