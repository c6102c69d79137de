"""Runs a real program bare, under Pikos and under cProfile, each time in a process of its own."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pikos
from benchmarks.real.stacks import Stacks, stacks_of

if TYPE_CHECKING:
    from benchmarks.real.program import Program

CPROFILE = ("-m", "cProfile", "-o", "cprofile.pstats")
PIKOS = ("-m", "pikos", "run", "-o", "pikos.pstats")
RECORDED = ("-m", "pikos", "run", "--record", "session.pikos")
MODES: dict[str, tuple[str, ...]] = {"bare": (), "pikos": PIKOS, "cprofile": CPROFILE}


class Run(NamedTuple):
    """One run of a program."""

    status: int
    output: str
    """What it wrote to stdout."""
    cpu_s: float
    """CPU time, with that of the processes it waited for."""
    rss_bytes: int
    """The most memory that it had resident."""
    errors: str
    """What it wrote to stderr."""


class Measured(NamedTuple):
    """What was seen of a program."""

    program: Program
    runs: dict[str, list[Run]]
    """By mode."""
    stacks: Stacks

    @property
    def equal(self) -> bool:
        """Whether exit status and output were the same in all runs."""
        return len({run[:2] for runs in self.runs.values() for run in runs}) == 1

    def cpu_s(self, mode: str) -> float:
        """Give the median CPU time of a mode."""
        return statistics.median(run.cpu_s for run in self.runs[mode])

    def rss_mib(self, mode: str) -> float:
        """Give the median of the most resident memory of a mode."""
        return statistics.median(run.rss_bytes for run in self.runs[mode]) / 2**20


class Skipped(Exception):
    """A program that cannot be measured here, and why."""


def measure(program: Program, cache: Path, rounds: int) -> Measured:
    """Install a program, and run it in all modes, interleaved.

    Raises
    ------
    Skipped
        If it cannot be installed, or does not run bare.

    """
    if program.python not in ("", _version()):
        raise Skipped(f"for Python {program.python} only")
    python = _environment(program, cache)
    runs: dict[str, list[Run]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(rounds):
            for mode, arguments in MODES.items():
                runs[mode].append(_run(program, python, arguments, Path(directory, mode)))
                if runs["bare"][0].status:
                    raise Skipped(f"fails bare: {runs['bare'][0].errors.strip()[-300:]}")
        recorded = Path(directory, "recorded")
        runs["recorded"] = [_run(program, python, RECORDED, recorded)]
        return Measured(program, runs, stacks_of(recorded / "session.pikos"))


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _environment(program: Program, cache: Path) -> Path:
    """Make the program's environment, with this Pikos linked into it, unless it is there."""
    place = (cache / f"{program.name}-{_version()}").absolute()
    python, done = place / "bin" / "python", place / "installed"
    if not done.exists():
        venv.create(place, clear=True, with_pip=True)
        for requirements in (program.requirements, ("psutil", "pyzmq")):
            command = [python, "-m", "pip", "install", "-qq", *requirements]
            installed = subprocess.run(command, capture_output=True, text=True, check=False)
            if installed.returncode:
                shutil.rmtree(place)
                raise Skipped(f"cannot be installed: {installed.stderr.strip()[-300:]}")
        done.touch()
    link = place / "lib" / f"python{_version()}" / "site-packages" / "pikos"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(pikos.__file__).parent)
    return python


def _run(program: Program, python: Path, arguments: tuple[str, ...], place: Path) -> Run:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    place.joinpath("script.py").write_text(program.script, encoding="utf-8")
    output, errors = place / "stdout", place / "stderr"
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        process = subprocess.Popen(
            [python, *arguments, "script.py"],
            cwd=place, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
        )  # fmt: skip
    client = None
    if program.client:
        client = subprocess.Popen([python, "-c", program.client], cwd=place, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if client is not None:
        client.kill()
        client.wait()
    return Run(
        process.returncode,
        output.read_text(errors="replace"),
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * 1024,
        errors.read_text(errors="replace"),
    )
