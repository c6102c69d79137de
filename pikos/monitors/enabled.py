"""The monitors that are enabled: told when this process forks and when it ends."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Protocol

from pikos.hidden import THREADS


class Ending(Protocol):
    """What is told."""

    def at_exit(self) -> None:
        """End in order."""

    def after_fork(self) -> None:
        """Let go of what is the parent's."""


class Enabled:
    """All that are enabled; there is one for the process, which ``os`` cannot forget again."""

    def __init__(self) -> None:
        self._monitors: dict[int, Ending] = {}
        self._registered = False

    def add(self, monitor: Ending) -> None:
        """Tell monitor from now on."""
        self._monitors[id(monitor)] = monitor
        if self._registered:
            return
        self._registered = True
        atexit.register(self._at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

    def discard(self, monitor: Ending) -> None:
        """Tell monitor no more."""
        self._monitors.pop(id(monitor), None)

    def _at_exit(self) -> None:
        for monitor in tuple(self._monitors.values()):
            monitor.at_exit()

    def _after_fork(self) -> None:
        for ident in set(THREADS) - {threading.get_ident()}:
            del THREADS[ident]  # the child's threads may get the idents of the parent's
        monitors, self._monitors = self._monitors, {}
        for monitor in monitors.values():
            monitor.after_fork()


ENABLED = Enabled()
"""The process's."""
