"""Threads that Python has not begun, and threads with the ident of one that has ended."""

from __future__ import annotations

import _thread
import ctypes
import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.deadlines import DEADLINE_S
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 1000


def run_unlisted(act: Callable[[], object]) -> int:
    """Run act in a thread that threading does not know; gives its ident when it has ended."""
    ended: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()

    def run() -> None:
        try:
            act()
        finally:
            ended.put((_thread.get_ident(), _thread.get_native_id()))

    _thread.start_new_thread(run, ())
    ident, native_id = ended.get(timeout=DEADLINE_S)
    _wait_for_end(native_id)
    return ident


def run_listed(act: Callable[[], object], name: str) -> None:
    """Run act in a thread of threading's; the system's has ended then, too."""
    thread = threading.Thread(target=act, name=name)
    thread.start()
    thread.join(DEADLINE_S)
    _wait_for_end(thread.native_id)


def _wait_for_end(native_id: int | None) -> None:
    wait_until(lambda: not Path(f"/proc/self/task/{native_id}").exists(), "the thread has ended")


def run_native(act: Callable[[], object]) -> None:
    """Run act in a thread of the system's, which has no state in Python before."""
    libc = ctypes.CDLL(None)
    kind = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

    @kind
    def run(_argument: Any) -> None:
        act()

    thread = ctypes.c_ulong()
    libc.pthread_create.argtypes = [ctypes.c_void_p, ctypes.c_void_p, kind, ctypes.c_void_p]
    libc.pthread_join.argtypes = [ctypes.c_ulong, ctypes.c_void_p]
    assert libc.pthread_create(ctypes.byref(thread), None, run, None) == 0
    assert libc.pthread_join(thread, None) == 0


def run_with_ident(ident: int, act: Callable[[], object], **settings: Any) -> bool:
    """Run act in a thread of threading's with an ident; False if the system gives it to none."""
    for _ in range(TRIES):
        found: list[bool] = []

        def run(found: list[bool] = found) -> None:
            found.append(threading.get_ident() == ident)
            if found[0]:
                act()

        thread = threading.Thread(target=run, **settings)
        thread.start()
        thread.join(DEADLINE_S)
        if found[0]:
            return True
    return False
