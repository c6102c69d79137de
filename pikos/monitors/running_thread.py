"""A number for the running thread that no other thread has or had."""

from __future__ import annotations

import itertools
import threading

_numbers = itertools.count()


class _Here(threading.local):
    """What each thread has for itself."""

    def __init__(self) -> None:
        self.number = next(_numbers)


_here = _Here()


def running_thread() -> int:
    """Give the running thread's number; its ident is used again by a thread that comes after it."""
    return _here.number
