"""Which core runs what, and how much of it: the program on the first, the viewer on the second."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable


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


def share_of(pid: int, meanwhile: Callable[[], object]) -> float:
    """Tell which share of a core a process takes while something is done.

    Parameters
    ----------
    pid
        The process.
    meanwhile
        What is done.

    """
    process = psutil.Process(pid)
    before, begun = process.cpu_times(), time.perf_counter()
    meanwhile()
    after = process.cpu_times()
    spent_s = after.user + after.system - before.user - before.system
    return spent_s / (time.perf_counter() - begun)
