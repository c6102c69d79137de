"""Threads that enable, clear and read while others run, and what is left of thousands."""

from __future__ import annotations

import gc
import os
import random
import sys
import threading

from support.counted import Calls, calls_of, edge_calls_of
from support.deadlines import DEADLINE_S

from hazards.harness import (
    attempt,
    check_no_slope,
    check_off,
    check_usable,
    fib,
    fresh_function,
    leaf,
    scenario,
    turn_off,
    work,
)
from pikos._lsprof import Profiler


@scenario()
def threads_that_enable_and_disable_while_others_run():
    profilers = [Profiler(), Profiler(), Profiler(lambda: 1.0)]
    stop = threading.Event()

    def evil(seed):
        chance = random.Random(seed)
        while not stop.is_set():
            profiler = chance.choice(profilers)
            name = chance.choice(["enable", "disable", "clear", "getstats", "thread_stats"])
            attempt(getattr(profiler, name))

    def busy():
        for _ in range(300):
            work()
            fresh_function(leaf)()

    evils = [threading.Thread(target=evil, args=(seed,)) for seed in range(3)]
    workers = [threading.Thread(target=busy) for _ in range(3)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    for thread in evils + workers:
        thread.start()
    for thread in workers:
        thread.join(DEADLINE_S)
    stop.set()
    for thread in evils:
        thread.join(DEADLINE_S)
    sys.setswitchinterval(before)
    for profiler in profilers:
        turn_off(profiler)
    for profiler in profilers:
        check_off(profiler)
    check_usable()


@scenario()
def statistics_read_while_others_run():
    profiler = Profiler(builtins=False)
    stop = threading.Event()

    def read():
        while not stop.is_set():
            for entry in profiler.getstats():
                if entry.code is fib.__code__:
                    inner = edge_calls_of([entry], fib, fib).calls
                    assert inner <= entry.callcount
            profiler.thread_stats()

    failures = []
    threading.excepthook = failures.append
    reader = threading.Thread(target=read)
    profiler.enable()
    reader.start()
    workers = [threading.Thread(target=lambda: fib(17)) for _ in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(DEADLINE_S)
    stop.set()
    reader.join(DEADLINE_S)
    profiler.disable()
    assert not failures
    assert calls_of(profiler, fib) == Calls(4 * 5167, 4 * 5166)
    check_off(profiler)


@scenario()
def short_threads_without_end():
    profiler = Profiler()
    profiler.enable()

    def act():
        for _ in range(10):
            thread = threading.Thread(target=fib, args=(5,), name="short")
            thread.start()
            thread.join(DEADLINE_S)

    for _ in range(30):
        act()
    acted = 30 + check_no_slope(act, rounds=10)
    profiler.disable()
    assert calls_of(profiler, fib) == Calls(acted * 10 * 15, acted * 10 * 14)
    assert len(profiler.thread_stats()) <= 270
    check_off(profiler)


@scenario()
def thousands_of_enables():
    profiler = Profiler()

    def facts():
        gc.collect()
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

    def act():
        for _ in range(20):
            profiler.enable()
            leaf()
            profiler.disable()
        profiler.clear()

    act()
    before = facts()
    check_no_slope(act, rounds=20)
    assert facts() == before
    check_off(profiler)


@scenario()
def thousands_of_profilers():
    def act():
        profiler = Profiler()
        profiler.enable()
        leaf()
        profiler.disable()

    check_no_slope(act, rounds=200)
    check_usable()
