"""What it costs that the counters lie in a file: a call, the start, and a fork.

Beside it stands the same in anonymous memory, where a profiler that does not publish counts.  Each
reading is of CPU time, in a process of its own whose runtime directory is on a tmpfs, where there
is one.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import Figure
from benchmarks.processor import pin_to_first_core
from benchmarks.viewer import ROOT
from benchmarks.workloads import many_functions, new_functions
from pikos.external.real_time_profiler import RealTimeProfiler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TMPFS = Path("/dev/shm")
KINDS: dict[str, bool | None] = {"file": None, "anonymous": False}
"""By kind of memory: whether the profiler publishes; None: as it does by default."""
FUNCTIONS, TIMES = 2_000, 50
BRANCHES, DEPTH = 16, 5
"""A tree of 16 + 16² + … + 16⁵ contexts, which is more than may be: it is full."""


def measure(*, quick: bool) -> list[Figure]:
    """Measure all of it.

    Parameters
    ----------
    quick
        Whether to be content with few readings.

    """
    times = 2 if quick else 7
    calls, starts, forks = (
        {kind: statistics.median(_in_new_process(reading, kind, times)) for kind in KINDS}
        for reading in READINGS
    )
    return [
        Figure(
            f"a call of one of {FUNCTIONS:,} functions, counted in a file of tmpfs",
            calls["file"],
            "ns",
            note=f"in anonymous memory {calls['anonymous']:.1f} ns",
        ),
        Figure(
            "enable() of a further profiler, its ledger in a file of tmpfs",
            starts["file"],
            "µs",
            note=f"in anonymous memory, not publishing, {starts['anonymous']:.0f} µs",
        ),
        Figure(
            "fork with a full tree in a file of tmpfs, in the parent",
            forks["file"],
            "ms",
            note=f"in anonymous memory {forks['anonymous']:.2f} ms",
        ),
    ]


def _in_new_process(reading: str, kind: str, times: int) -> list[float]:
    root = TMPFS if TMPFS.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="pikos-bench-", dir=root) as directory:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.region", reading, kind]
        done = subprocess.run(
            [*command, str(times)],
            cwd=ROOT,
            env=os.environ | {"XDG_RUNTIME_DIR": directory},
            check=True,
            stdout=subprocess.PIPE,
        )
    found: list[float] = json.loads(done.stdout)
    return found


def _profiler(kind: str) -> RealTimeProfiler:
    return RealTimeProfiler(publish=KINDS[kind])


def _calls(kind: str, times: int) -> list[float]:
    """Ns of a call, with the call itself."""
    call_all = many_functions(FUNCTIONS, TIMES)
    found = []
    with _profiler(kind):
        call_all()
        for _ in range(times):
            begun = time.thread_time_ns()
            call_all()
            found.append((time.thread_time_ns() - begun) / (FUNCTIONS * TIMES))
    return found


def _starts(kind: str, times: int) -> list[float]:
    """µs of enable()."""
    found = []
    for _ in range(times + 1):
        profiler = _profiler(kind)
        begun = time.thread_time_ns()
        profiler.enable()
        found.append((time.thread_time_ns() - begun) / 1e3)
        profiler.disable()
        profiler.close()
    return found[1:]


def _forks(kind: str, times: int) -> list[float]:
    """Ms that a fork takes in the parent."""
    branches = new_functions("branch_", BRANCHES, like=_branch)
    found = []
    with _profiler(kind):
        branches[0](DEPTH, branches)
        for _ in range(times):
            begun = time.thread_time_ns()
            child = os.fork()
            if child == 0:
                os._exit(0)
            found.append((time.thread_time_ns() - begun) / 1e6)
            os.waitpid(child, 0)
    return found


def _branch(depth: int, branches: Sequence[Callable[..., None]]) -> None:
    if depth:
        for branch in branches:
            branch(depth - 1, branches)


READINGS: dict[str, Callable[[str, int], list[float]]] = {
    "call": _calls, "start": _starts, "fork": _forks,
}  # fmt: skip

if __name__ == "__main__":
    pin_to_first_core()
    print(json.dumps(READINGS[sys.argv[1]](sys.argv[2], int(sys.argv[3]))))
