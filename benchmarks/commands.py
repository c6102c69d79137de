"""What the commands of README cost beside scripts that do the same by the library."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import Figure, amount
from benchmarks.processor import cpu_s, used_by
from benchmarks.viewer import ROOT

PAIRS, QUICK_PAIRS = 15, 3
GOAL = 1.3
PROGRAM = """
def f(count):
    total = 0
    for number in range(count):
        total += g(number)
    return total

def g(number):
    return abs(number) + len("abc")

def main():
    f(100_000)
"""
LIBRARY = """
from pikos.api import csv_file, function_monitor, line_memory_monitor, screen
with {monitor}:
    main()
"""


class Command(NamedTuple):
    """A command, and the same by the library."""

    arguments: str
    """Of ``pikos-run``."""
    monitor: str
    """A monitor in Python."""


COMMANDS = (
    Command("functions script.py", "function_monitor.monitor(screen())"),
    Command(
        "line_memory script.py --recording csv --focused-on=f",
        "line_memory_monitor.monitor(csv_file(), focus_on=[f])",
    ),
    Command("functions script.py --recording csv", "function_monitor.monitor(csv_file())"),
)


def measure(*, quick: bool) -> list[Figure]:
    """Measure the processor time of whole processes, in pairs that follow one another.

    Parameters
    ----------
    quick
        Whether to be content with few readings.

    """
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        return [_ratio(command, directory, QUICK_PAIRS if quick else PAIRS) for command in COMMANDS]


def _ratio(command: Command, directory: str, pairs: int) -> Figure:
    script, library = Path(directory, "script.py"), Path(directory, "library.py")
    script.write_text(f"{PROGRAM}\nmain()\n", encoding="utf-8")
    library.write_text(PROGRAM + LIBRARY.format(monitor=command.monitor), encoding="utf-8")
    ours = ["-m", "pikos.runner", *command.arguments.split()]
    readings = [
        (_processor_s(ours, directory), _processor_s(["library.py"], directory))
        for _ in range(pairs)
    ]
    command_s, library_s = map(statistics.median, zip(*readings, strict=True))
    note = f"{amount(command_s * 1e3, 'ms')}, by the library {amount(library_s * 1e3, 'ms')}"
    what = f"pikos-run {command.arguments}: processor time ÷ the same by the library"
    ratio = statistics.median(ours_s / beside_s for ours_s, beside_s in readings)
    return Figure(what, ratio, "times", GOAL, note)


def _processor_s(arguments: list[str], directory: str) -> float:
    """Seconds that a process of this interpreter takes, its output in a file."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with open(Path(directory, "screen"), "wb") as screen:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=directory, env=environment, stdout=screen
        )
        used = used_by(process)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return cpu_s(used)
