"""A lock that is held during forks."""

from __future__ import annotations

# What functools and operator are made of, which the profiled program may not have imported.
from _functools import partial  # type: ignore[import-not-found]  # it has no stub
from _operator import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Lock(Protocol):
        """A reentrant lock of the interpreter's own."""

        def acquire(self, blocking: bool, timeout: float, /) -> bool:
            """Wait for it; whether it was taken."""

        def release(self) -> None:
            """Give it up."""


class ForkLock:
    """A lock that is taken before a fork and given back after it, once each.

    Handlers of signals may raise between any two instructions.  So the lock and the note that it
    is held change within one call of a built-in, where none runs; and both methods may be called
    again.  No call is an event for a profiler.

    Parameters
    ----------
    lock
        The lock.

    Threads: the one that forks

    """

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._taken: list[bool] = []

    @property
    def held(self) -> bool:
        """Whether it was taken in time and not given back."""
        return True in self._taken

    def take(self, timeout_s: float) -> None:
        """Take the lock unless it was; wait so long at most."""
        if not self.held:
            partial(self._taken.extend, map(self._lock.acquire, (True,), (timeout_s,)))()

    def give_back(self) -> None:
        """Give it back if it was taken."""
        if self.held:
            partial(tuple, map(call, (self._lock.release, self._taken.clear)))()
        else:
            partial(self._taken.clear)()
