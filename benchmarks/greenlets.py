"""What a switch of greenlets costs under the profiler, among few and among many."""

from __future__ import annotations

import statistics
import time

import greenlet

from benchmarks.figure import Figure
from pikos.real_time.profile import Profile

MANY = (10, 10_000)
SWITCHES = 200_000
QUICK_SWITCHES = 20_000
ROUNDS = 7
QUICK_ROUNDS = 3


def measure(*, quick: bool) -> list[Figure]:
    """Switch between greenlets that stay suspended in one call each, bare and profiled in turns.

    Parameters
    ----------
    quick
        Whether to be content with few switches.

    """
    switches = QUICK_SWITCHES if quick else SWITCHES
    rounds = QUICK_ROUNDS if quick else ROUNDS
    return [_figure(many, switches, rounds) for many in MANY]


def _figure(many: int, switches: int, rounds: int) -> Figure:
    bare, profiled = [], []
    for _ in range(rounds):
        bare.append(_switch_ns(many, switches))
        profile = Profile(builtins=False)
        profile.enable()
        profiled.append(_switch_ns(many, switches))
        profile.disable()
    without, under = statistics.median(bare), statistics.median(profiled)
    return Figure(
        f"a switch among {many:,} greenlets: more under the profiler than bare",
        under - without,
        "ns",
        goal=500.0,
        note=f"{under:.0f} ns and {without:.0f} ns",
    )


def _switch_ns(many: int, switches: int) -> float:
    """Time of one switch to the next greenlet, or back from it."""
    main = greenlet.getcurrent()

    def body() -> None:
        while True:
            main.switch()

    suspended = [greenlet.greenlet(body) for _ in range(many)]
    for one in suspended:
        one.switch()
    rounds = max(1, switches // (2 * many))
    began = time.perf_counter_ns()
    for _ in range(rounds):
        for one in suspended:
            one.switch()
    return (time.perf_counter_ns() - began) / (2 * many * rounds)
