"""What the start of a program costs under ``pikos run``, beside ``python -m cProfile``."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.processor import cpu_s, used_by

PAIRS, QUICK_PAIRS = 60, 5
GOAL_CPU = 1.3
GOAL_RSS_MIB = 6.0
KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
"""What the environment of the programs has; all else would be this one's."""
PIKOS = (str(Path(sys.executable).with_name("pikos")), "run", "-o", "F")
CPROFILE = (sys.executable, "-m", "cProfile", "-o", "F")

_SHOW_PEAK = """
with open("/proc/self/status") as status:
    print(next(line for line in status if line.startswith("VmHWM:")).split()[1])
"""


def measure(*, quick: bool) -> list[Figure]:
    """Start a program under both, in turn.

    Parameters
    ----------
    quick
        Whether to be content with few readings.

    """
    pairs, peaks_mib = [], []
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        Path(directory, "empty.py").touch()
        Path(directory, "peak.py").write_text(_SHOW_PEAK, encoding="utf-8")
        for _ in range(QUICK_PAIRS if quick else PAIRS):
            pairs.append([_cpu_s(command, directory) for command in (PIKOS, CPROFILE)])
            peaks_mib.append([_peak_mib(command, directory) for command in (PIKOS, CPROFILE)])
    ours_s, cprofiles_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    ours_mib, cprofiles_mib = (statistics.median(column) for column in zip(*peaks_mib, strict=True))
    return [
        Figure(
            "start and end of an empty program, CPU time ÷ python -m cProfile's",
            statistics.median(ours / cprofiles for ours, cprofiles in pairs),
            "x",
            goal=GOAL_CPU,
            note=f"{ours_s * 1e3:.0f} ms and {cprofiles_s * 1e3:.0f} ms",
        ),
        Figure(
            "memory when an empty program starts, more than python -m cProfile's",
            ours_mib - cprofiles_mib,
            "MiB",
            goal=GOAL_RSS_MIB,
            note=f"{ours_mib:.1f} MiB and {cprofiles_mib:.1f} MiB",
        ),
    ]


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ}


def _cpu_s(command: tuple[str, ...], directory: str) -> float:
    """CPU time of a whole process that runs the empty program."""
    process = subprocess.Popen([*command, "empty.py"], cwd=directory, env=_environment())
    used = used_by(process)
    assert process.returncode == 0
    return cpu_s(used)


def _peak_mib(command: tuple[str, ...], directory: str) -> float:
    """Resident memory when a program starts, at its highest."""
    done = subprocess.run(
        [*command, "peak.py"], cwd=directory, env=_environment(), check=True, stdout=subprocess.PIPE
    )
    return int(done.stdout) / 1024
