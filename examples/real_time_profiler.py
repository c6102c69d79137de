"""The real-time profiler on a function: watch it from another terminal while it runs.

Usage: python real_time_profiler.py [SECONDS]

Start it, and in another terminal: pikos top PID.  It works for SECONDS (20), then prints what a
profiler prints: that is exact, whether anybody watched or not.
"""

import os
import sys
import time

from pikos.api import RealTimeProfiler

profiler = RealTimeProfiler()


def collatz(number: int) -> int:
    """How many steps it takes to come down to 1."""
    steps = 0
    while number != 1:
        number = number * 3 + 1 if number % 2 else number // 2
        steps += 1
    return steps


@profiler.attach
def longest(seconds: float) -> int:
    """The number with the most steps, of those that there is time for."""
    until = time.monotonic() + seconds
    best, most, number = 1, 0, 1
    while time.monotonic() < until:
        steps = collatz(number)
        if steps > most:
            best, most = number, steps
        number += 1
    return best


if __name__ == "__main__":
    print(f"to watch it: pikos top {os.getpid()}", flush=True)
    found = longest(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
    print("the longest way is from", found)
    profiler.print_stats("tottime")
