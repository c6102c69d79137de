"""How fresh a viewer's picture is: how soon a call arrives, how soon a late viewer has all."""

from __future__ import annotations

import statistics
import tempfile
import time

from benchmarks.figure import Figure
from benchmarks.publisher import VIEWER_PATIENCE_S
from benchmarks.viewer import viewer
from benchmarks.workloads import many_functions, new_functions
from pikos.external.real_time_profiler import RealTimeProfiler

INTERVAL_S = 0.1
PAUSE_S = 0.013
"""Between two calls that are waited for; no divisor of the interval."""
PREFIX = "marker_"
FUNCTIONS = 100_000


def measure(*, quick: bool) -> list[Figure]:
    """Measure both.

    Parameters
    ----------
    quick
        Whether to be content with few readings, and a smaller state.

    """
    functions = FUNCTIONS // 10 if quick else FUNCTIONS
    return [*_arrival(100 if quick else 1_000), *_keyframe(functions)]


def _arrival(calls: int) -> list[Figure]:
    """Time from the first call of a function until a viewer has heard of it."""
    called_ns = {}
    markers = new_functions(PREFIX, calls)
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        address = f"ipc://{directory}/s"
        profiler = RealTimeProfiler(address, interval=INTERVAL_S, wait_for_viewer=VIEWER_PATIENCE_S)
        with viewer("arrivals", address, PREFIX, calls) as watching:
            with profiler:
                for marker in markers:
                    time.sleep(PAUSE_S)
                    called_ns[marker.__name__] = time.monotonic_ns()
                    marker()
                heard_ns = watching.answer()
            profiler.close()
    times_ms = [(heard_ns[name] - called) / 1e6 for name, called in called_ns.items()]
    return [
        Figure(
            f"from a call to the viewer, every {INTERVAL_S * 1000:.0f} ms: median",
            statistics.median(times_ms),
            "ms",
        ),
        Figure(
            "from a call to the viewer: 99th percentile",
            statistics.quantiles(times_ms, n=100)[98],
            "ms",
            goal=2 * INTERVAL_S * 1000,
        ),
    ]


def _keyframe(functions: int) -> list[Figure]:
    """Time until a viewer that comes late knows everything."""
    call_all = many_functions(functions, times=1)
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        address = f"ipc://{directory}/s"
        profiler = RealTimeProfiler(address, interval=INTERVAL_S)
        with profiler:
            call_all()
            with viewer("everything", address, functions) as late:
                found = late.answer()
        profiler.close()
    return [
        Figure(
            f"late viewer has all of {functions:,} functions: received",
            found["received_s"] * 1e3,
            "ms",
            note=f"{found['dropped']} messages dropped",
        ),
        Figure("the same: folded into its model", found["ready_s"] * 1e3, "ms"),
    ]
