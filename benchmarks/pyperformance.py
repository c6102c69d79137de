"""Programs of pyperformance, unmodified: the CPU time of whole processes under profilers ÷ bare.

Each program runs in a process of its own as a worker of pyperf, with the same number of loops in
each mode; start, profile and its writing are within.  The modes follow one another in each round;
a figure is the median over the rounds of a mode's time ÷ that of the same round's bare run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.environment import environment, version
from benchmarks.figure import Figure
from benchmarks.processor import cpu_s, used_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERSION = "3.13"
"""Of Python: trace0 is not for older ones, and figures of one version are enough to compare."""
REQUIREMENTS = ("pyperformance==1.14.0", "trace0==0.1.16")
ROUNDS, QUICK_ROUNDS = 3, 1
MODES: dict[str, tuple[str, ...]] = {
    "bare": (),
    "pikos": ("-m", "pikos", "run", "-o", "profile"),
    "pikos-python-only": ("-m", "pikos", "run", "--no-builtins", "-o", "profile"),
    "cprofile": ("-m", "cProfile", "-o", "profile"),
    "trace0": ("-m", "trace0", "run", "--output", "profile"),
}
WORDS = {
    "pikos": "**Pikos**",
    "pikos-python-only": "Pikos, no built-ins",
    "cprofile": "cProfile",
    "trace0": "trace0 (no built-ins, no sums)",
}
GOAL, PYTHON_ONLY_GOAL, BESIDE_CPROFILE_GOAL = 0.42, 0.46, 1.02


class Benchmark(NamedTuple):
    """A program of pyperformance."""

    name: str
    loops: int
    """As many as take about a second."""
    arguments: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """Its file, in the directory of all programs."""
        return f"bm_{self.name.removesuffix('_pure_python')}/run_benchmark.py"


HEADLINE = (
    Benchmark("richards", 7),
    Benchmark("deltablue", 80),
    Benchmark("chaos", 6),
    Benchmark("go", 3),
    Benchmark("hexiom", 60),
    Benchmark("raytrace", 1),
    Benchmark("nqueens", 4),
    Benchmark("float", 6),
)
SHOWN = (
    Benchmark("deepcopy", 500),
    Benchmark("generators", 7),
    Benchmark("pickle_pure_python", 50, ("--pure-python", "pickle")),
    Benchmark("regex_compile", 1),
    Benchmark("logging", 800),
    Benchmark("gc_traversal", 100),
    Benchmark("nbody", 4),
)
NEAR_CPROFILE = ("gc_traversal", "nbody")
"""Programs of few calls, in which we cost what cProfile costs."""


class Compared(NamedTuple):
    """What was found of one program."""

    bare_s: float
    """Median CPU time of the bare process."""
    ratios: dict[str, float]
    """By mode: CPU time ÷ bare."""


def measure(tell: Callable[[str], None], *, quick: bool) -> dict[str, Compared]:
    """Measure the programs.

    Parameters
    ----------
    tell
        Is called with the name of each program before it is measured.
    quick
        Whether to be content with one round.

    Returns
    -------
    dict
        By the program's name.

    Raises
    ------
    Skipped
        If the programs or a profiler cannot be installed.

    """
    python = environment("pyperformance", REQUIREMENTS)
    (programs,) = python.parents[1].glob("lib/python*/site-packages/pyperformance/data-files")
    found = {}
    for benchmark in HEADLINE + SHOWN:
        tell(benchmark.name)
        script = programs / "benchmarks" / benchmark.script
        worker = (str(script), "--worker", "-w", "0", "-n", "1", "-l", str(benchmark.loops))
        rounds = [
            {
                mode: _cpu_s((str(python), *arguments, *worker, *benchmark.arguments), script)
                for mode, arguments in MODES.items()
            }
            for _ in range(QUICK_ROUNDS if quick else ROUNDS)
        ]
        ratios = {
            mode: statistics.median(times[mode] / times["bare"] for times in rounds)
            for mode in WORDS
        }
        bare_s = statistics.median(times["bare"] for times in rounds)
        found[benchmark.name] = Compared(bare_s, ratios)
    return found


def measured_here() -> bool:
    """Whether this is the version of Python that is measured."""
    return version() == VERSION


def means(found: dict[str, Compared]) -> dict[str, float]:
    """Geometric means over the headline's programs, by mode."""
    return {
        mode: statistics.geometric_mean(found[program.name].ratios[mode] for program in HEADLINE)
        for mode in WORDS
    }


def figures(found: dict[str, Compared]) -> list[Figure]:
    """What is concluded, with the goals.

    Parameters
    ----------
    found
        What measure() gave.

    """
    mean = means(found)
    return [
        Figure(
            "added by Pikos ÷ added by cProfile, of the geometric means",
            (mean["pikos"] - 1) / (mean["cprofile"] - 1),
            "times",
            GOAL,
        ),
        Figure(
            "added by Pikos without built-ins ÷ added by trace0, of the geometric means",
            (mean["pikos-python-only"] - 1) / (mean["trace0"] - 1),
            "times",
            PYTHON_ONLY_GOAL,
        ),
        *(
            Figure(
                f"{name}: Pikos ÷ cProfile",
                found[name].ratios["pikos"] / found[name].ratios["cprofile"],
                "times",
                BESIDE_CPROFILE_GOAL,
            )
            for name in NEAR_CPROFILE
        ),
    ]


def _cpu_s(command: tuple[str, ...], script: Path) -> float:
    """CPU time of a whole process, its files in a directory of its own.

    The script's directory is on the path in each mode: trace0 does not put it there.
    """
    variables = os.environ | {"PYTHONPATH": str(script.parent)}
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        used = used_by(process)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return cpu_s(used)
