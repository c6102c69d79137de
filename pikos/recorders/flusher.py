"""The thread that flushes a file now and then, so that a crash loses little."""

from __future__ import annotations

import _thread
import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL_S = 0.4
"""How long what was written may wait for its flush, in seconds."""

_STOP_S = 1.0
"""How long stopping waits for a flush that is under way, in seconds."""


class Flusher:
    """Call a function every INTERVAL_S from a thread that no monitor records.

    Only locks of the interpreter's own are used: a monitor that is on would see the Python code
    of `threading` run, in this thread or when a fork stops it.  For the same reason the thread is
    a bare one; so it is a daemon.

    Threads: start() and the function under one lock, which is the caller's; stop() without it

    Parameters
    ----------
    flush
        What to call; the thread ends when it returns false.

    """

    def __init__(self, flush: Callable[[], bool]) -> None:
        self._flush = flush
        self._wake = threading.Lock()
        self._ended = threading.Lock()
        self._native_id = 0
        self.running = False
        self.paused = False
        """Do not start."""

    def start(self) -> None:
        """Have the thread run, unless paused."""
        if self.running or self.paused:
            return
        self._wake = threading.Lock()
        self._wake.acquire()
        self._ended = threading.Lock()
        self._ended.acquire()
        self.running = True
        try:
            _thread.start_new_thread(self._run, (self._wake, self._ended))
        except RuntimeError:  # no more threads, or the interpreter ends: flush without one
            self.running = False
            self.paused = True

    def stop(self) -> None:
        """Have the thread end, and wait until it has; start() starts another."""
        if not self.running:
            return
        if self._wake.locked():
            self._wake.release()
        if self._ended.acquire(timeout=_STOP_S):
            self._ended.release()
            self._wait_for_the_system()
        self.running = False

    def _run(self, wake: threading.Lock, ended: threading.Lock) -> None:
        try:
            self._native_id = threading.get_native_id()
            while not wake.acquire(timeout=INTERVAL_S) and self._flush():
                pass
        finally:
            ended.release()

    def _wait_for_the_system(self) -> None:
        """Wait until the system has no such thread: a fork warns of any that it finds."""
        deadline = time.monotonic() + _STOP_S
        while time.monotonic() < deadline:
            try:
                os.stat(f"/proc/self/task/{self._native_id}")
            except OSError:
                return
            time.sleep(0.0002)
