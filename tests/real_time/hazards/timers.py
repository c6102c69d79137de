"""Timers that do anything but tell the time."""

from __future__ import annotations

import gc
import random
import weakref

from support.counted import Calls, calls_of, record

from hazards.evils import CALLS, DETOURS, FAILURES, clears, starts_a_thread, switches_threads
from hazards.harness import (
    Unraisable,
    attempt,
    check_off,
    check_usable,
    fib,
    leaf,
    scenario,
    turn_off,
    work,
)
from pikos._lsprof import Profiler


class Timer:
    """A timer that does something when it is asked the turn-th time."""

    def __init__(self, turn, act):
        self.asked = 0
        self.turn = turn
        self.act = act

    def __call__(self):
        self.asked += 1
        if self.asked == self.turn:
            self.act()
        return self.asked


@scenario(*CALLS, *FAILURES, *DETOURS)
def timer(evil):
    for turn in range(1, 12):
        profilers = []
        timer = Timer(turn, lambda profilers=profilers: evil(profilers[0]))
        profiler = Profiler(timer)
        profilers.append(profiler)
        with Unraisable():
            record(profiler, work)
        assert timer.asked >= turn
        check_off(profiler)
        if evil not in (clears, switches_threads, starts_a_thread):
            assert calls_of(profiler, leaf) == Calls(5)
    check_usable()


@scenario(*CALLS, *FAILURES)
def timer_index(evil):
    class Now:
        def __index__(self):
            evil(profiler)
            return 1

    profiler = Profiler(Now, 1e-9)
    with Unraisable():
        record(profiler, work)
    check_off(profiler)
    check_usable()


@scenario(*CALLS, *FAILURES)
def timer_float(evil):
    class Now:
        def __float__(self):
            evil(profiler)
            return 1.0

    profiler = Profiler(Now)
    with Unraisable():
        record(profiler, work)
    check_off(profiler)
    check_usable()


@scenario()
def timer_drops_the_last_reference():
    for turn in range(1, 12):
        profilers = []
        profilers.append(Profiler(Timer(turn, profilers.clear)))
        profilers[0].enable()
        work()
        if profilers:
            profilers[0].disable()
        check_usable()


@scenario()
def timer_drops_the_last_reference_at_disable():
    def now():
        if disabling:
            profilers.clear()
            gc.collect()
        return 1

    disabling = False
    profilers = [Profiler(now)]
    profilers[0].enable()
    disabling = True
    profilers[0].disable()
    check_usable()


JUNK = {
    "nothing": None,
    "text": "junk",
    "bytes": b"",
    "no number": float("nan"),
    "no end": float("inf"),
    "long ago": -1e300,
    "late": 10**400,
    "an object": object(),
}


@scenario(*JUNK)
def timer_says(junk):
    for timeunit in (0.0, 1.0):
        profiler = Profiler(lambda: JUNK[junk], timeunit)
        with Unraisable() as reported:
            record(profiler, work)
        assert reported.kinds
        assert calls_of(profiler, fib) == Calls(15, 14)
        assert {entry.totaltime for entry in profiler.getstats()} == {0.0}
    check_usable()


@scenario()
def timer_jumps_to_the_ends_of_time():
    random.seed(1)
    for timeunit in (0.0, 1.0):
        ends = [0, 1, -1, 2**62, -(2**62), 2**63 - 1, -(2**63)]
        profiler = Profiler(lambda ends=ends: random.choice(ends), timeunit)
        with Unraisable():
            record(profiler, *[work] * 20)
        assert calls_of(profiler, fib) == Calls(300, 280)
        for entry in profiler.getstats():
            assert 0 <= entry.inlinetime <= entry.totaltime
    check_usable()


@scenario()
def timer_dies_with_the_profiler_enabled():
    class Mortal:
        def __call__(self):
            return 1.0

        def __del__(self):
            attempt(profiler.enable)
            attempt(profiler.clear)
            work()

    profiler = Profiler(Mortal())
    record(profiler, work)
    profiler.__init__(None)
    turn_off(profiler)
    check_off(profiler)
    check_usable()


@scenario()
def timer_is_part_of_a_cycle():
    class Cyclic:
        def __call__(self):
            return 1.0

    died = []
    for _ in range(3):
        timer = Cyclic()
        timer.profiler = Profiler(timer)
        record(timer.profiler, work)
        weakref.finalize(timer, died.append, 1)
    del timer
    gc.collect()
    assert died == [1] * 3
    check_usable()
