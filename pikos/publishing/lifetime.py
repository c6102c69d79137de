"""Tell whatever publishes when this process forks and when it ends; locks that last a fork."""

from __future__ import annotations

import atexit
import os

# What functools, operator and weakref are made of, which the program may not have imported.
from _functools import partial  # type: ignore[import-not-found]  # it has no stub
from _operator import call
from _weakref import ref
from itertools import compress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Lock(Protocol):
        """A reentrant lock of the interpreter's own."""

        def acquire(self, blocking: bool, timeout: float, /) -> bool:
            """Wait for it; whether it was taken."""

        def release(self) -> None:
            """Give it up."""

    class Publishing(Protocol):
        """What is told; none of these may wait for long.

        Handlers of signals may raise in the first two; then they are called again.
        """

        def before_fork(self) -> None:
            """Stop every thread and close every socket, to be ready to begin again."""

        def after_fork_in_parent(self) -> None:
            """Begin again."""

        def after_fork_in_child(self) -> None:
            """Let go of what is the parent's without touching it."""

        def at_exit(self) -> None:
            """End in order."""


class Lifetime:
    """Those that are told; there is one for the process, which ``os`` cannot forget again.

    Threads: ``watch`` from any; the rest where the fork or the exit happens
    """

    def __init__(self) -> None:
        self._told: list[ref[Publishing]] = []
        self._forking: list[Publishing] = []
        self._registered = False

    def watch(self, publishing: Publishing, extension: Any = None) -> None:
        """Tell publishing from now on, for as long as somebody else holds it.

        An extension (``pikos._lsprof`` or ``pikos._events``) knows when a fork is over; of the
        first call it is used.
        """
        if publishing not in self._alive():
            self._told.append(ref(publishing, self._told.remove))
        if self._registered:
            return
        self._registered = True
        atexit.register(self._at_exit)
        if hasattr(os, "register_at_fork"):
            if extension is not None:
                extension.watch_forks(self.pause, self.resume, self._after_fork_in_child)
            else:
                os.register_at_fork(
                    before=self.pause,
                    after_in_parent=self.resume,
                    after_in_child=self._after_fork_in_child,
                )

    def _alive(self) -> list[Publishing]:
        return [told for reference in tuple(self._told) if (told := reference()) is not None]

    def pause(self) -> None:
        """Have no thread and no socket: the process forks, or closes whatever is open."""
        self._forking = self._alive()
        for publishing in self._forking:
            publishing.before_fork()

    def resume(self) -> None:
        """Begin again."""
        while self._forking:
            self._forking[0].after_fork_in_parent()
            del self._forking[:1]  # a signal handler that forks may have resumed them

    def _after_fork_in_child(self) -> None:
        forking, self._forking = self._forking, []
        for publishing in forking:
            publishing.after_fork_in_child()

    def _at_exit(self) -> None:
        failures = []
        for publishing in self._alive():
            try:
                publishing.at_exit()
            except Exception as failure:  # noqa: BLE001 - the others are to end in order too
                failures.append(failure)
        if failures:
            raise failures[0]


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
        self._to_release: list[Callable[[], None]] = []  # the lock's method while it is held

    @property
    def held(self) -> bool:
        """Whether it was taken in time and not given back."""
        return bool(self._to_release)

    def take(self, timeout_s: float) -> None:
        """Take the lock unless it was; wait so long at most."""
        if not self.held:
            acquired = map(self._lock.acquire, (True,), (timeout_s,))
            partial(self._to_release.extend, compress((self._lock.release,), acquired))()

    def give_back(self) -> None:
        """Give it back if it was taken."""
        try:  # noqa: SIM105 - contextlib may not be imported
            partial(tuple, map(call, iter(self._to_release.pop, None)))()
        except IndexError:  # there is none: a signal handler that forked gave it back, say
            pass


LIFETIME = Lifetime()
"""The process's."""
