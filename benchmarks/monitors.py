"""What the monitors add to an event, beside what one would write or install instead.

As in ``overhead``, bare and monitored runs follow one another in one process on one core, and the
figure is the median of several processes.  The file is opened and closed outside the timed run,
what is written during it is written by it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import psutil

from benchmarks.figure import Figure, amount
from benchmarks.kept import let_go
from benchmarks.monitor_tools import CASES, LINES_OF_A_LOOP, Case, MonitorTool, loop
from benchmarks.processor import pin_to_first_core
from benchmarks.viewer import ROOT
from pikos.monitors.api import LineMonitor
from pikos.recorders.api import CSVFileRecorder, ListRecorder

PROCESSES, ROUNDS = 3, 9
QUICK_PROCESSES, QUICK_ROUNDS = 1, 3


def measure(*, quick: bool) -> list[Figure]:
    """Measure each kind of event, and the memory that records and events take.

    Parameters
    ----------
    quick
        Whether to be content with few readings.

    """
    processes, rounds = (QUICK_PROCESSES, QUICK_ROUNDS) if quick else (PROCESSES, ROUNDS)
    figures = []
    for name, case in CASES.items():
        readings = [_in_new_process(name, rounds) for _ in range(processes)]
        figures.append(_figure(case, readings))
    return [*figures, *(Figure(*figure) for figure in _in_new_process("memory", int(quick)))]


def _figure(case: Case, readings: list[dict[str, float]]) -> Figure:
    unit = "%" if case.share else "ns"
    found = {tool: statistics.median(reading[tool] for reading in readings) for tool in readings[0]}
    ours = found.pop(case.tools[0].name)
    beside = ", ".join(f"{tool} {amount(value, unit)}" for tool, value in found.items())
    return Figure(case.what, ours, unit, case.goal, beside)


def _in_new_process(name: str, rounds: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.monitors", name, str(rounds)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _here(case: Case, rounds: int) -> dict[str, float]:
    """Measure in this process: ns for each event, or percent of a run."""
    pin_to_first_core()
    tools = [tool for tool in case.tools if tool.installed]
    events = _events_of(case)
    bare: list[int] = []
    within: dict[str, list[int]] = {tool.name: [] for tool in tools}
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        path = os.path.join(directory, "records")
        for tool in tools:
            _run(case, tool, path)
        gc.disable()
        for _ in range(rounds):
            for tool in tools:
                bare.append(_run(case, None, path))
                within[tool.name].append(_run(case, tool, path))
        gc.enable()
    bare_ns = statistics.median(bare)
    return {
        name: (statistics.median(times) - bare_ns) * (100 / bare_ns if case.share else 1 / events)
        for name, times in within.items()
    }


def _events_of(case: Case) -> int:
    recorder = ListRecorder()
    case.work.run()
    with case.work.monitor(recorder):
        case.work.run()
    return len(recorder.records)


def _run(case: Case, tool: MonitorTool | None, path: str) -> int:
    """Time one run in ns."""
    let_go()
    gc.collect()
    run = case.work.run
    with contextlib.nullcontext() if tool is None else tool.around(case.work, path):
        begun = time.perf_counter_ns()
        run()
        return time.perf_counter_ns() - begun


def _memory(*, quick: bool) -> list[Figure]:
    """What ten million records take until they are read, and as many events leave behind."""
    count = 1_000_000 if quick else 10_000_000
    process = psutil.Process()
    loops = count // LINES_OF_A_LOOP
    recorder = ListRecorder()
    with LineMonitor(recorder):
        loop(1000)
        before = process.memory_info().rss
        loop(loops)
        taken = process.memory_info().rss - before
    del recorder
    with LineMonitor(CSVFileRecorder(os.devnull)):
        loop(loops // 2)
        before = process.memory_info().rss
        loop(loops // 2)
        left = process.memory_info().rss - before
    return [
        Figure(f"a record in a list, of {count:,} that are not read yet", taken / count, "B", 64.0),
        Figure(
            f"memory after {count:,} events beside after half of them", left / 1024, "KiB", 64.0
        ),
    ]


if __name__ == "__main__":
    if sys.argv[1] == "memory":
        print(json.dumps(_memory(quick=sys.argv[2] == "1")))
    else:
        print(json.dumps(_here(CASES[sys.argv[1]], int(sys.argv[2]))))
