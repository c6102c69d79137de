"""Runs a real program bare, under Pikos and under cProfile, each time in a process of its own."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.environment import Skipped, environment, version
from benchmarks.processor import cpu_s, used_by
from benchmarks.real.stacks import Stacks, stacks_of
from benchmarks.terminal import Terminal

if TYPE_CHECKING:
    from benchmarks.real.program import Program

CPROFILE = ("-m", "cProfile", "-o", "cprofile.pstats")
PIKOS = ("-m", "pikos", "run", "-o", "pikos.pstats")
WATCHED = ("-m", "pikos", "run", "--record", "session.pikos", "--wait-for-viewer", "20")
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
    viewer_bytes: int
    """The most memory that a viewer beside it had resident; 0: there was none."""


class Measured(NamedTuple):
    """What was seen of a program."""

    program: Program
    runs: dict[str, list[Run]]
    """By mode."""
    stacks: Stacks
    viewer_bytes: int
    """The most memory that a viewer had resident."""

    @property
    def difference(self) -> str:
        """The first run that was not as the first bare one: what each wrote there; empty: none."""
        first = self.runs["bare"][0]
        for mode, runs in self.runs.items():
            for run in runs:
                if run.status != first.status:
                    return f"{mode}: status {run.status}, not {first.status}: {run.errors[-300:]}"
                if run.output != first.output:
                    lines = difflib.unified_diff(
                        first.output.splitlines(), run.output.splitlines(), "bare", mode, n=0
                    )
                    return "\n".join([*lines][:10])
        return ""

    def cpu_s(self, mode: str) -> float:
        """Give the median CPU time of a mode."""
        return statistics.median(run.cpu_s for run in self.runs[mode])

    def rss_mib(self, mode: str) -> float:
        """Give the median of the most resident memory of a mode."""
        return statistics.median(run.rss_bytes for run in self.runs[mode]) / 2**20


def measure(program: Program, rounds: int) -> Measured:
    """Install a program, and run it in all modes, interleaved; then recorded, with a viewer.

    Raises
    ------
    Skipped
        If it cannot be installed, or does not run bare.

    """
    if program.python not in ("", version()):
        raise Skipped(f"for Python {program.python} only")
    python = environment(program.name, program.requirements)
    runs: dict[str, list[Run]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(rounds):
            for mode, arguments in MODES.items():
                runs[mode].append(_run(program, python, arguments, Path(directory, mode)))
                if runs["bare"][0].status:
                    raise Skipped(f"fails bare: {runs['bare'][0].errors.strip()[-300:]}")
        place = Path(directory, "watched")
        address = f"ipc://{directory}/s"
        watched = _run(program, python, (*WATCHED, "--address", address), place, watch=address)
        runs["watched"] = [watched]
        stacks = stacks_of(place / "session.pikos")
        return Measured(program, runs, stacks, watched.viewer_bytes)


def _run(
    program: Program, python: Path, arguments: tuple[str, ...], place: Path, *, watch: str = ""
) -> Run:
    """Run a program in a directory of its own, with a viewer of the address to watch, if any."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    place.joinpath("script.py").write_text(program.script, encoding="utf-8")
    output, errors = place / "stdout", place / "stderr"
    variables = os.environ | {"PYTHONHASHSEED": "0"}
    with output.open("wb") as stdout, errors.open("wb") as stderr:
        process = subprocess.Popen(
            [python, *arguments, "script.py"],
            cwd=place, env=variables, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
        )  # fmt: skip
    client = None
    if program.client:
        client = subprocess.Popen([python, "-c", program.client], cwd=place, env=variables)
    viewer = _Viewer(watch) if watch else None
    used = used_by(process)
    viewer_bytes = viewer.end() if viewer is not None else 0
    if client is not None:
        client.kill()
        client.wait()
    return Run(
        process.returncode,
        output.read_text(errors="replace"),
        cpu_s(used),
        used.ru_maxrss * 1024,
        errors.read_text(errors="replace"),
        viewer_bytes,
    )


class _Viewer:
    """``pikos top`` on a terminal, read by a thread until it ends."""

    def __init__(self, address: str) -> None:
        self._terminal = Terminal(address)
        self._peak_bytes = 0
        self._ending = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # it has ended
            while not self._ending.is_set():
                self._terminal.read(0.1)
                self._peak_bytes = max(self._peak_bytes, self._terminal.peak_bytes())

    def end(self) -> int:
        """End it, and give the most memory that it had resident."""
        self._ending.set()
        self._reader.join()
        self._terminal.close()
        return self._peak_bytes
