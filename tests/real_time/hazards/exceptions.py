"""Exceptions, interrupts and signals at any point."""

from __future__ import annotations

import contextlib
import random
import signal
import sys

from support.counted import Calls, calls_of, open_calls

from hazards.evils import clears, collects, reads, restarts
from hazards.harness import (
    attempt,
    check_off,
    check_usable,
    fresh_function,
    leaf,
    scenario,
    turn_off,
    work,
)
from pikos._lsprof import Profiler


@scenario()
def pending_exceptions_are_kept():
    def raise_in_new_code(number):
        try:
            {}[number]
        except LookupError:
            fresh_function(leaf)()
            assert sys.exc_info()[1].args == (number,)
            raise
        finally:
            fresh_function(leaf)()
            "x".casefold()

    class Suppressor:
        def __enter__(self):
            return fresh_function(leaf)()

        def __exit__(self, kind, error, trace):
            fresh_function(leaf)()
            assert error.args == (number,)
            return True

    profiler = Profiler()
    profiler.enable()
    for number in range(100):
        with Suppressor():
            raise_in_new_code(number)
        with contextlib.suppress(ValueError):
            int("x" * (number + 1))
    profiler.disable()
    assert calls_of(profiler, raise_in_new_code) == Calls(100)
    check_off(profiler)


@scenario()
def interrupted_at_random_points():
    random.seed(7)

    def interrupt(number, frame):
        raise KeyboardInterrupt

    def busy():
        while True:
            work()
            fresh_function(leaf)()

    signal.signal(signal.SIGALRM, interrupt)
    profiler = Profiler(builtins=False)
    for _ in range(200):
        profiler.enable()
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 2e-3))
            busy()
        except KeyboardInterrupt:
            threads = profiler.thread_stats()
        profiler.disable()
        assert open_calls(threads) <= 1, threads  # the handler, where its end was cut off
        assert open_calls(profiler.thread_stats()) == 0
    check_usable()


@scenario()
def signal_handlers_that_act():
    random.seed(8)
    profiler = Profiler()
    evils = [clears, reads, restarts, collects]
    ticks = 0

    def handler(number, frame):
        nonlocal ticks
        ticks += 1
        attempt(lambda: random.choice(evils)(profiler))

    signal.signal(signal.SIGALRM, handler)
    profiler.enable()
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    while ticks < 200:
        work()
        fresh_function(leaf)()
    signal.setitimer(signal.ITIMER_REAL, 0)
    turn_off(profiler)
    check_off(profiler)
    check_usable()
