"""What viewers take where the calling-context tree is full."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.figure import Figure
from benchmarks.processor import cpu_s, resident_peak_bytes, used_by
from benchmarks.terminal import FEW, INTERVAL_S, WARM_UP_S, Terminal, published
from benchmarks.viewer import ROOT
from benchmarks.workloads import many_functions, nested

FUNCTIONS, FOLDING_FUNCTIONS, QUICK_FUNCTIONS = 100, 104, 30
DEPTH = 3
"""Functions that call all of them so deep within one another: 100 + 100² + 100³ contexts.

With 104 of them it is past the bound, and calls are in no full stack.
"""

_FILL = """
import sys, time
from benchmarks.workloads import nested
from pikos.api import RealTimeProfiler
with RealTimeProfiler():
    nested(int(sys.argv[1]), int(sys.argv[2]))()
    print("full", flush=True)
    time.sleep(3600)
"""


def measure(*, quick: bool) -> list[Figure]:
    """Measure first pictures, memory, pictures of which little changed, and a killed process.

    Parameters
    ----------
    quick
        Whether to be content with few readings, of a smaller tree.

    """
    if quick:
        return [
            *_measure(QUICK_FUNCTIONS, "", starts=1, seconds=3.0),
            _killed(QUICK_FUNCTIONS, times=1),
        ]
    return [
        *_measure(FUNCTIONS, "", starts=5, seconds=12.0),
        *_measure(FOLDING_FUNCTIONS, ", calls folded", starts=5, seconds=12.0),
        _killed(FUNCTIONS, times=3),
    ]


def _contexts(count: int) -> str:
    return f"{sum(count**depth for depth in range(1, DEPTH + 1)):,} contexts"


def _killed(count: int, times: int) -> Figure:
    """CPU time of an export from what a killed process left behind."""
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        where = {**os.environ, "XDG_RUNTIME_DIR": directory}
        command = [sys.executable, "-c", _FILL, str(count), str(DEPTH)]
        with subprocess.Popen(command, cwd=ROOT, env=where, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            program.stdout.readline()
            program.kill()
        export = [sys.executable, "-m", "pikos", "export", str(program.pid), "-f", "pstats"]
        export += ["-o", os.path.join(directory, "out")]
        spent_s = []
        for _ in range(times):
            with subprocess.Popen(
                export, cwd=ROOT, env=where, stderr=subprocess.DEVNULL
            ) as process:
                spent_s.append(cpu_s(used_by(process)))
            if process.returncode:
                raise RuntimeError("a killed process was not exported")
    return Figure(
        f"pikos export of a killed process, {_contexts(count)}: CPU time",
        statistics.median(spent_s) * 1e3,
        "ms",
    )


def _measure(count: int, kind: str, *, starts: int, seconds: float) -> list[Figure]:
    fill, few = nested(count, DEPTH), many_functions(FEW, times=1)
    with published(fill) as address:
        firsts = []
        for _ in range(starts):
            with contextlib.closing(Terminal(address)) as terminal:
                firsts.append(terminal.first_picture_s())
        with contextlib.closing(Terminal(address)) as terminal:
            terminal.share(WARM_UP_S, few)
            shares = {"functions": terminal.share(seconds, few)}
            terminal.press("g")
            terminal.share(WARM_UP_S, few)
            shares["flame graph"] = terminal.share(seconds, few)
            peak_bytes = resident_peak_bytes(terminal.process.pid)
    what = f"pikos top, {_contexts(count)}{kind}"
    return [
        Figure(
            f"{what}: first picture after",
            statistics.median(firsts) * 1e3,
            "ms",
            goal=2000,
            note=f"up to {max(firsts) * 1e3:.0f} ms",
        ),
        Figure(f"{what}: most memory", peak_bytes / 2**20, "MiB", goal=400),
        *(
            Figure(f"{what}, {panel} at {1 / INTERVAL_S:.0f} Hz: share of a core", 100 * share, "%")
            for panel, share in shares.items()
        ),
    ]
