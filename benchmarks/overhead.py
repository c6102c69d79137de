"""Added time per call: ours and the peers', as a share of what cProfile adds in the same process.

A round runs the workload four times: bare, under cProfile, bare, under the tool.  Rounds follow
one another in one process on one core; a viewer is on the other.  What a tool adds is the median
of its runs less the median of the bare ones.  The figure is the median of several processes.
The publisher's thread stays on the program's core, so what it costs is in the figures.
"""

from __future__ import annotations

import gc
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.kept import let_go
from benchmarks.processor import pin_to_first_core
from benchmarks.tools import TOOLS, Tool, nothing
from benchmarks.viewer import ROOT, viewer
from benchmarks.workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

NOISY = 0.10
"""Interquartile range of the bare runs, as a share of their median, from which one distrusts."""


class Reading(NamedTuple):
    """What one process found of one tool on one workload."""

    calls: int
    bare_ns: float
    cprofile_ns: float
    """Added by cProfile, per call."""
    tool_ns: float
    """Added by the tool, per call."""
    noise: float
    """Interquartile range of the bare runs, as a share of their median."""

    @property
    def ratio(self) -> float:
        """What the tool adds, as a share of what cProfile adds."""
        return self.tool_ns / self.cprofile_ns


class Cost(NamedTuple):
    """What all processes found of one tool on one workload."""

    ratio: float
    """Median."""
    low: float
    high: float
    tool_ns: float
    cprofile_ns: float
    noisy: bool


def measure(
    names: Sequence[str], rounds: int, processes: int, tell: Callable[[str], None]
) -> dict[str, dict[str, Cost]]:
    """Measure every installed tool on the workloads.

    Parameters
    ----------
    names
        Workloads; all if there are none.
    rounds
        Rounds per process.
    processes
        Processes per workload.
    tell
        Is told of progress and of what is skipped.

    Returns
    -------
    dict
        By tool, then by workload, the cost.

    """
    tools = [tool for tool in TOOLS if _installed(tool, tell)]
    readings: dict[tuple[str, str], list[Reading]] = {}
    for turn, workload in itertools.product(range(processes), WORKLOADS):
        if names and workload.name not in names:
            continue
        tell(f"{workload.name}, process {turn + 1} of {processes}")
        for tool, reading in _in_new_process(workload, tools, rounds).items():
            readings.setdefault((tool, workload.name), []).append(reading)
    costs: dict[str, dict[str, Cost]] = {}
    for (tool, name), found in readings.items():
        costs.setdefault(tool, {})[name] = _cost(found)
    return costs


def summary(costs: dict[str, Cost]) -> tuple[float, float] | None:
    """Geometric mean and worst of a tool's ratios on the headline workloads.

    Parameters
    ----------
    costs
        A tool's costs, by workload.

    Returns
    -------
    tuple or None
        None where it was measured on none of them.

    """
    headline = {workload.name for workload in WORKLOADS if workload.headline}
    ratios = [max(cost.ratio, 0.001) for name, cost in costs.items() if name in headline]
    return (statistics.geometric_mean(ratios), max(ratios)) if ratios else None


def _installed(tool: Tool, tell: Callable[[str], None]) -> bool:
    if tool.package is None or tool.version() is not None:
        return True
    tell(f"{tool.name} is skipped: it is not installed (pip install pikos[bench])")
    return False


def _cost(readings: Sequence[Reading]) -> Cost:
    ratios = sorted(reading.ratio for reading in readings)
    return Cost(
        statistics.median(ratios),
        ratios[0],
        ratios[-1],
        statistics.median(reading.tool_ns for reading in readings),
        statistics.median(reading.cprofile_ns for reading in readings),
        noisy=statistics.median(reading.noise for reading in readings) > NOISY,
    )


def _in_new_process(workload: Workload, tools: Iterable[Tool], rounds: int) -> dict[str, Reading]:
    names = [tool.name for tool in tools if tool.leaves_out != workload.name]
    command = [sys.executable, "-m", "benchmarks.overhead", workload.name, str(rounds), *names]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return {tool: Reading(*reading) for tool, reading in json.loads(done.stdout).items()}


def _run(workload: Workload, around: AbstractContextManager[object]) -> int:
    """Time one run in ns."""
    let_go()
    gc.collect()
    with around:
        begun = time.perf_counter_ns()
        workload.work()
        return time.perf_counter_ns() - begun


def _read(workload: Workload, calls: int, tool: Tool, rounds: int, address: str) -> Reading:
    plain: list[int] = []
    beside: list[int] = []
    within: list[int] = []
    for _ in range(rounds):
        plain.append(_run(workload, nothing(address)))
        beside.append(_run(workload, tool.beside(address)))
        plain.append(_run(workload, nothing(address)))
        within.append(_run(workload, tool.around(address)))
    bare_ns = statistics.median(plain)
    first, _, third = statistics.quantiles(plain, n=4)
    return Reading(
        calls,
        bare_ns / calls,
        (statistics.median(beside) - bare_ns) / calls,
        (statistics.median(within) - bare_ns) / calls,
        (third - first) / bare_ns,
    )


def _here(workload: Workload, tools: Iterable[Tool], rounds: int) -> dict[str, Any]:
    """Measure in this process."""
    pin_to_first_core()
    calls = workload.calls()
    readings = {}
    for tool in tools:
        with ExitStack() as stack:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="pikos-bench-"))
            address = f"ipc://{directory}/s"
            if tool.watched:
                stack.enter_context(viewer("drain", address))
            _run(workload, tool.around(address))
            gc.disable()
            readings[tool.name] = _read(workload, calls, tool, rounds, address)
            gc.enable()
    return readings


if __name__ == "__main__":
    chosen = next(workload for workload in WORKLOADS if workload.name == sys.argv[1])
    asked = [tool for tool in TOOLS if tool.name in sys.argv[3:]]
    print(json.dumps(_here(chosen, asked, int(sys.argv[2]))))
