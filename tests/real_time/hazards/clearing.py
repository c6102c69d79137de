"""``clear()`` at any time."""

from __future__ import annotations

import threading

from support.counted import Calls, calls_of, record
from support.deadlines import DEADLINE_S

from hazards.harness import check_no_slope, check_off, fib, leaf, numbers, scenario
from pikos._lsprof import Profiler


@scenario()
def clear_with_calls_open():
    def descend(depth):
        if depth:
            descend(depth - 1)
        profiler.clear()
        leaf()

    profiler = Profiler()

    def act():
        record(profiler, lambda: descend(60))
        assert calls_of(profiler, leaf) == Calls(1)

    check_no_slope(act)
    check_off(profiler)


@scenario()
def clear_in_a_callback():
    profiler = Profiler()

    def key(number):
        profiler.clear()
        leaf()
        return -number

    def act():
        record(profiler, lambda: sorted(range(20), key=key))
        assert calls_of(profiler, leaf) == Calls(1)

    check_no_slope(act)
    check_off(profiler)


@scenario()
def clear_while_a_thread_is_deep():
    profiler = Profiler()
    deep, cleared = threading.Event(), threading.Event()

    def descend(depth):
        if depth:
            return descend(depth - 1)
        deep.set()
        assert cleared.wait(DEADLINE_S)
        return leaf()

    profiler.enable()
    thread = threading.Thread(target=descend, args=(500,))
    thread.start()
    assert deep.wait(DEADLINE_S)
    profiler.clear()
    cleared.set()
    thread.join(DEADLINE_S)
    profiler.disable()
    assert calls_of(profiler, leaf) == Calls(1)
    assert calls_of(profiler, descend) == Calls(0)
    check_off(profiler)


@scenario()
def clear_in_the_middle_of_generators():
    profiler = Profiler()
    profiler.enable()
    generators = [numbers(10) for _ in range(5)]
    for generator in generators:
        next(generator)
        profiler.clear()
    for generator in generators:
        list(generator)
    profiler.disable()
    assert calls_of(profiler, numbers).calls == 5 * 10 + 0
    check_off(profiler)


@scenario()
def clear_past_the_bounds_of_the_tree():
    profiler = Profiler()

    def descend(depth):
        if depth:
            descend(depth - 1)
        elif depth == 0:
            profiler.clear()
            fib(3)

    record(profiler, lambda: descend(700), lambda: fib(3))
    assert calls_of(profiler, fib) == Calls(10, 8)
    check_off(profiler)
