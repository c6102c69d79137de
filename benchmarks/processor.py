"""Which core runs what, and how much of it is used: the program on the first, a viewer beside."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import resource
    import subprocess
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


def resident_peak_bytes(pid: int) -> int:
    """Give the most memory that a running process had resident."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def used_by(process: subprocess.Popen[bytes]) -> resource.struct_rusage:
    """Wait for the end of a process, and give what it used, with those that it waited for."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used


def cpu_s(used: resource.struct_rusage) -> float:
    """Give the CPU time in what a process used."""
    return used.ru_utime + used.ru_stime
