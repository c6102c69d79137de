"""Whether a viewer that stands still holds the program up: the slowest of many profiled calls."""

from __future__ import annotations

import gc
import os
import signal
import statistics
import tempfile
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.figure import Figure
from benchmarks.publisher import VIEWER_PATIENCE_S
from benchmarks.viewer import viewer
from pikos.external.real_time_profiler import RealTimeProfiler

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL_S = 0.01


def measure(*, quick: bool) -> list[Figure]:
    """Compare a program without a viewer, and one whose viewer is stopped.

    Parameters
    ----------
    quick
        Whether to be content with few calls.

    """
    calls = 200_000 if quick else 1_000_000
    rounds = 2 if quick else 5
    alone, stopped = [], []
    for _ in range(rounds):
        alone.append(_slowest_us(calls, with_stopped_viewer=False))
        stopped.append(_slowest_us(calls, with_stopped_viewer=True))
    without, beside = statistics.median(alone), statistics.median(stopped)
    return [
        Figure(
            "a profiled call, 99.9th percentile: more with a viewer that is stopped than without",
            beside - without,
            "µs",
            goal=100.0,
            note=f"{beside:.2f} µs and {without:.2f} µs",
        )
    ]


def _slowest_us(calls: int, *, with_stopped_viewer: bool) -> float:
    """The 99.9th percentile of the time that a profiled call takes."""
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="pikos-bench-"))
        address = f"ipc://{directory}/s"
        profiler = RealTimeProfiler(address, interval=INTERVAL_S)
        stack.callback(profiler.close)
        if with_stopped_viewer:
            watching = stack.enter_context(viewer("drain", address))
            with profiler:
                if not profiler.wait_for_viewer(VIEWER_PATIENCE_S):
                    raise RuntimeError("the viewer does not come")
            os.kill(watching.process.pid, signal.SIGSTOP)
        with profiler:
            times_ns = _time_calls(_nothing, calls)
    return times_ns[len(times_ns) * 999 // 1000] / 1e3


def _nothing() -> None:
    pass


def _time_calls(call: Callable[[], object], calls: int) -> list[int]:
    """Time so many calls, one by one; in ns, the quickest first."""
    clock = time.perf_counter_ns
    times_ns = [0] * calls
    gc.collect()
    gc.disable()
    for number in range(calls):
        begun = clock()
        call()
        times_ns[number] = clock() - begun
    gc.enable()
    return sorted(times_ns)
