"""Tell whatever publishes when this process forks and when it ends."""

from __future__ import annotations

import atexit
import os
import sys
from _weakref import ref  # weakref itself is not imported: the program may not have it

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Protocol

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

    def watch(self, publishing: Publishing) -> None:
        """Tell publishing from now on, for as long as somebody else holds it."""
        if publishing not in self._alive():
            self._told.append(ref(publishing, self._told.remove))
        if self._registered:
            return
        self._registered = True
        atexit.register(self._at_exit)
        if hasattr(os, "register_at_fork"):
            extension = _extension()
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
            del self._forking[0]

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


def _extension() -> ModuleType | None:
    """What knows when a fork is over: an extension that is imported already, if there is one."""
    profiler = sys.modules.get("pikos._lsprof")
    if profiler is None:
        try:
            from pikos import _events as profiler  # noqa: PLC0415 - most programs need none
        except ImportError:
            return None
    return profiler


LIFETIME = Lifetime()
"""The process's."""
