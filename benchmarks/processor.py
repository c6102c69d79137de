"""Which core runs what: the program on the first, the viewer on the second, where there are two."""

from __future__ import annotations

import os


def pin_to_first_core() -> None:
    """Keep this thread, and the threads that it starts from now on, on the first core."""
    _pin(0)


def pin_to_other_core() -> None:
    """Keep this thread, and the threads that it starts from now on, away from the first core."""
    _pin(1)


def _pin(number: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
