"""What the terminal viewer takes: the time to its first picture, and its share of a core."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from typing import TYPE_CHECKING

from benchmarks.figure import Figure
from benchmarks.processor import resident_peak_bytes, share_of
from benchmarks.viewer import ROOT
from benchmarks.workloads import many_functions
from pikos.external.real_time_profiler import RealTimeProfiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FUNCTIONS = 10_000
FEW = 100
INTERVAL_S = 0.25
LINES, COLUMNS = 40, 120
WARM_UP_S = 3.0
PATIENCE_S = 30.0
FIRST_ROW = b" function ("
"""What the heading of a table with rows has."""


class Terminal:
    """``pikos top`` on a terminal that reads whatever it writes."""

    def __init__(self, address: str) -> None:
        self._terminal, replica = pty.openpty()
        fcntl.ioctl(replica, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        command = [sys.executable, "-m", "pikos", "top", address, "--interval", str(INTERVAL_S)]
        self.began_at = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=replica,
            stdout=replica,
            stderr=replica,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(replica)

    def read(self, wait_s: float) -> bytes:
        """Read what was written, for so long at most."""
        if select.select([self._terminal], [], [], wait_s)[0]:
            return os.read(self._terminal, 1 << 16)
        return b""

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._terminal, key.encode())

    def first_picture_s(self) -> float:
        """Time from the start to the first picture with functions in it, in s."""
        seen = b""
        while FIRST_ROW not in seen:
            seen += self.read(0.1)
            if time.perf_counter() - self.began_at > PATIENCE_S:
                raise RuntimeError(f"no picture in {PATIENCE_S} s: {seen!r}")
        return time.perf_counter() - self.began_at

    def share(self, seconds: float, meanwhile: Callable[[], object]) -> float:
        """Share of a core that it takes while something is done at each interval."""

        def watch() -> None:
            due_at = begun = time.perf_counter()
            while (now := time.perf_counter()) < begun + seconds:
                if now >= due_at:
                    meanwhile()
                    due_at += INTERVAL_S
                self.read(0.02)

        return share_of(self.process.pid, watch)

    def peak_bytes(self) -> int:
        """Give the most memory that it had resident."""
        return resident_peak_bytes(self.process.pid)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)


def measure(*, quick: bool) -> list[Figure]:
    """Measure both.

    Parameters
    ----------
    quick
        Whether to be content with few readings.

    """
    seconds = 3.0 if quick else 12.0
    starts = 2 if quick else 7
    few, all_of_them = many_functions(FEW, times=1), many_functions(FUNCTIONS, times=1)
    with published(all_of_them) as address:
        firsts = []
        for _ in range(starts):
            with contextlib.closing(Terminal(address)) as terminal:
                firsts.append(terminal.first_picture_s())
        with contextlib.closing(Terminal(address)) as terminal:
            terminal.share(WARM_UP_S, few)
            steady = terminal.share(seconds, few)
            worst = terminal.share(seconds, all_of_them)
    every = f"{FUNCTIONS:,} functions at {1 / INTERVAL_S:.0f} Hz"
    return [
        Figure(
            f"pikos top, {FUNCTIONS:,} functions: first picture after",
            statistics.median(firsts) * 1e3,
            "ms",
            goal=500,
            note=f"up to {max(firsts) * 1e3:.0f} ms",
        ),
        Figure(f"pikos top, {every}: share of a core", 100 * steady, "%", goal=10),
        Figure("the same, every function called between two pictures", 100 * worst, "%", goal=10),
    ]


@contextlib.contextmanager
def published(call_all: Callable[[], object]) -> Iterator[str]:
    """Publish a profile of this process in which everything was called; the address."""
    with tempfile.TemporaryDirectory(prefix="pikos-bench-") as directory:
        address = f"ipc://{directory}/s"
        profiler = RealTimeProfiler(address, interval=INTERVAL_S)
        with contextlib.closing(profiler), profiler:
            call_all()
            yield address
