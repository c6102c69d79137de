"""What a call of a decorated function costs, and many monitors on one program.

Readings of the compared cases follow one another in turns; a figure is the median.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figure import Figure
from benchmarks.kept import let_go
from pikos.external.real_time_profiler import RealTimeProfiler
from pikos.monitors.api import FunctionMonitor
from pikos.recorders.api import CSVFileRecorder, ListRecorder

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS = 202
"""Of one call of the decorated function."""
GOAL_US = 50.0
CALLS, ROUNDS = 200, 9
QUICK_CALLS, QUICK_ROUNDS = 20, 3
MANY = (1, 3, 6)
GOAL_MANY = 1.2
"""How many times the cost of one monitor each of several may have."""


def measure(*, quick: bool) -> list[Figure]:
    """Call a function with each decorator and within each ``with`` block, in turns.

    Parameters
    ----------
    quick
        Whether to be content with few calls.

    """
    calls, rounds = (QUICK_CALLS, QUICK_ROUNDS) if quick else (CALLS, ROUNDS)
    called = [eval("lambda: None") for _ in range(EVENTS // 2 - 1)]

    def work() -> None:
        for each in called:
            each()

    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "records")
        tools: dict[str, Callable[[], Any]] = {
            "function monitor → CSV": lambda: FunctionMonitor(CSVFileRecorder(str(file))),
            "function monitor → list": lambda: FunctionMonitor(ListRecorder()),
            "profiler": lambda: RealTimeProfiler(builtins=False, publish=False),
        }
        figures = [_decorated(name, tools[name], work, calls, rounds) for name in tools]
        return [*figures, _many(Path(directory), work, calls, rounds)]


def _decorated(
    name: str, make: Callable[[], Any], work: Callable[[], None], calls: int, rounds: int
) -> Figure:
    tool = make()
    decorated = tool.attach(work)
    within = make()
    decorated_us, within_us = [], []
    decorated()
    for _ in range(rounds):
        decorated_us.append(_call_us(decorated, calls))
        with within:
            within_us.append(_call_us(work, calls))
    call, events = statistics.median(decorated_us), statistics.median(within_us)
    return Figure(
        f"a decorated call of {EVENTS} events: more than its events ({name})",
        call - events,
        "µs",
        GOAL_US,
        f"{call:.0f} µs and {events:.0f} µs",
    )


def _many(directory: Path, work: Callable[[], None], calls: int, rounds: int) -> Figure:
    bare_us: list[float] = []
    with_us: dict[int, list[float]] = {count: [] for count in MANY}
    for _ in range(rounds):
        let_go()
        bare_us.append(_call_us(work, calls))
        for count, readings in with_us.items():
            with contextlib.ExitStack() as stack:
                for number in range(count):
                    recorder = CSVFileRecorder(str(directory / f"records-{number}"))
                    stack.enter_context(FunctionMonitor(recorder))
                readings.append(_call_us(work, calls))
    bare = statistics.median(bare_us)
    each = {n: (statistics.median(us) - bare) / n / EVENTS * 1e3 for n, us in with_us.items()}
    return Figure(
        f"{MANY[-1]} CSV monitors on one program: each, against one alone",
        each[MANY[-1]] / each[MANY[0]],
        "times",
        GOAL_MANY,
        ", ".join(f"{n}: {ns:.0f} ns an event each" for n, ns in each.items()),
    )


def _call_us(function: Callable[[], None], calls: int) -> float:
    began = time.perf_counter_ns()
    for _ in range(calls):
        function()
    return (time.perf_counter_ns() - began) / calls / 1e3
