"""A program that leaks, for watching: its records are published while it runs.

Usage: python leaky.py [SECONDS]

Start it, and in another terminal: pikos top PID.  It waits up to 5 s for a viewer, leaks a
mebibyte at each step, and ends by itself after SECONDS (20) of that.
"""

import os
import sys
import time

from pikos.api import FunctionMemoryMonitor, OnValue, ZeroMQRecorder

recorder = ZeroMQRecorder(filter_=OnValue("function", "step"), wait_for_ready=True)
monitor = FunctionMemoryMonitor(recorder)


class Leak:
    """It keeps what nobody will ask for again."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    @monitor.attach
    def step(self) -> None:
        """One more mebibyte."""
        self.kept.append(os.urandom(2**20))


def main() -> None:
    """Leak, a step every tenth of a second."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    steps = round(seconds * 10)
    print(f"to watch it: pikos top {os.getpid()}", flush=True)
    leak = Leak()
    for _ in range(steps):
        leak.step()
        time.sleep(0.1)
    print(f"leaked {len(leak.kept)} MiB")


if __name__ == "__main__":
    main()
