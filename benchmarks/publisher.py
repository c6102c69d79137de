"""What the publisher itself takes: its walks, its share of a core, the start without a viewer."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import Figure
from benchmarks.viewer import ROOT, viewer
from benchmarks.workloads import WORKLOADS, many_functions
from pikos.external.real_time_profiler import RealTimeProfiler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos._lsprof import Publishing

EDGES = 1_000
WALK_INTERVAL_S = 0.02
VIEWER_PATIENCE_S = 10.0
RECORDED = 3_000
RECORDING_GOAL = 0.5

_START = """
import time
from pikos.external.real_time_profiler import RealTimeProfiler
profiler = RealTimeProfiler()
begun = time.perf_counter_ns()
profiler.enable()
spent = time.perf_counter_ns() - begun
profiler.disable()
print(spent)
"""


def measure(*, quick: bool) -> list[Figure]:
    """Measure all of it.

    Parameters
    ----------
    quick
        Whether to be content with few readings.

    """
    return [
        _walk(100 if quick else 500),
        _share(2.0 if quick else 10.0),
        _start(3 if quick else 15),
        _recording(2.0 if quick else 20.0),
    ]


@contextlib.contextmanager
def watched(interval_s: float) -> Iterator[RealTimeProfiler]:
    """Give a profiler that publishes to a viewer in another process, and is not enabled yet."""
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        address = f"ipc://{directory}/s"
        profiler = RealTimeProfiler(address, interval=interval_s, wait_for_viewer=VIEWER_PATIENCE_S)
        with viewer("drain", address), contextlib.closing(profiler):
            yield profiler


def _facts(profiler: RealTimeProfiler) -> Publishing:
    facts = profiler.publishing()
    assert facts is not None
    return facts


def _walk(readings: int) -> Figure:
    """Time walks of a ledger in which every one of the edges has changed."""
    call_all = many_functions(EDGES, times=1)
    walks: dict[int, int] = {}
    with watched(WALK_INTERVAL_S) as profiler, profiler:
        while len(walks) < readings:
            call_all()
            facts = _facts(profiler)
            walks[facts["walks"]] = facts["walk_ns"]
    times_us = [walk_ns / 1e3 for walk_ns in list(walks.values())[5:]]  # after the keyframe's
    return Figure(
        f"one walk of {EDGES:,} edges, all changed, and their encoding",
        statistics.median(times_us),
        "µs",
        goal=100.0,
        note=f"99th percentile {statistics.quantiles(times_us, n=100)[98]:.0f} µs",
    )


def _share(seconds: float) -> Figure:
    """The publisher's CPU time at 10 Hz, while a program of objects runs."""
    objects = next(workload for workload in WORKLOADS if workload.name == "objects")
    with watched(0.1) as profiler, profiler:
        begun, before_ns = time.perf_counter(), _facts(profiler)["publisher_ns"]
        while time.perf_counter() < begun + seconds:
            objects.work()
        spent_ns = _facts(profiler)["publisher_ns"] - before_ns
        elapsed_s = time.perf_counter() - begun
    return Figure("publisher's share of one core at 10 Hz", spent_ns / elapsed_s / 1e7, "%")


def _start(times: int) -> Figure:
    """The first enable() of a process, with nobody watching."""
    command = [sys.executable, "-c", _START]
    spent_ms = [
        int(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout) / 1e6
        for _ in range(times)
    ]
    return Figure(
        "first enable() without a viewer",
        statistics.median(spent_ms),
        "ms",
        goal=50.0,
        note=f"longest {max(spent_ms):.1f} ms",
    )


def _recording(seconds: float) -> Figure:
    """The size of a recording of a program whose functions are all called in each interval."""
    call_all = many_functions(RECORDED, times=1)
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        path = Path(directory, "x.pikos")
        profiler = RealTimeProfiler(f"ipc://{directory}/s", wait_for_viewer=VIEWER_PATIENCE_S)
        command = [sys.executable, "-m", "pikos", "record", f"ipc://{directory}/s", "-o", str(path)]
        with subprocess.Popen(command, cwd=ROOT) as recorder:
            with contextlib.closing(profiler), profiler:
                begun = time.perf_counter()
                while (elapsed_s := time.perf_counter() - begun) < seconds:
                    call_all()
            recorder.wait()
        return Figure(
            f"recording of {RECORDED:,} functions, all called in each interval",
            path.stat().st_size / elapsed_s / 1e6,
            "MB/s",
            goal=RECORDING_GOAL,
        )
