"""Greenlets: a stack of calls each, however they switch."""

from __future__ import annotations

import gc
import importlib
import sys
import threading

from support.counted import Calls, calls_of, edge_calls_of, record
from support.deadlines import DEADLINE_S

from hazards.evils import CALLS
from hazards.harness import (
    Skipped,
    attempt,
    check_no_slope,
    check_off,
    check_usable,
    fib,
    leaf,
    scenario,
    turn_off,
)
from pikos._lsprof import Profiler


def greenlets():
    try:
        return importlib.import_module("greenlet")
    except ImportError:
        raise Skipped("greenlet is not installed") from None


def a(switch):
    leaf()
    switch()
    leaf()


def b(switch):
    fib(3)
    switch()
    fib(3)


@scenario()
def greenlets_interleaved():
    greenlet = greenlets()
    profiler = Profiler()
    main = greenlet.getcurrent()
    first = greenlet.greenlet(lambda: a(main.switch))
    second = greenlet.greenlet(lambda: b(main.switch))
    record(profiler, first.switch, second.switch, first.switch, second.switch)
    assert calls_of(profiler, a) == calls_of(profiler, b) == Calls(1)
    assert edge_calls_of(profiler, a, leaf) == Calls(2)
    assert edge_calls_of(profiler, b, fib) == Calls(2)
    assert calls_of(profiler, fib) == Calls(10, 8)
    assert edge_calls_of(profiler, a, b) == edge_calls_of(profiler, b, a) == Calls(0)
    check_off(profiler)


@scenario()
def greenlet_suspended_at_disable():
    greenlet = greenlets()
    profiler = Profiler()
    main = greenlet.getcurrent()
    first = greenlet.greenlet(lambda: a(main.switch))
    second = greenlet.greenlet(lambda: b(main.switch))
    record(profiler, first.switch, second.switch, first.switch)
    assert calls_of(profiler, a) == calls_of(profiler, b) == Calls(1)
    assert edge_calls_of(profiler, a, leaf) == Calls(2)
    assert edge_calls_of(profiler, b, fib) == Calls(1)
    check_off(profiler)
    record(profiler, second.switch)
    assert calls_of(profiler, fib) == Calls(10, 8)
    assert calls_of(profiler, a) == calls_of(profiler, b) == Calls(1)
    check_off(profiler)


@scenario()
def greenlet_imported_late():
    if "greenlet" in sys.modules:
        raise Skipped("greenlet has been imported early")
    profiler = Profiler()

    def program():
        greenlet = greenlets()
        main = greenlet.getcurrent()
        first = greenlet.greenlet(lambda: a(main.switch))
        second = greenlet.greenlet(lambda: b(main.switch))
        for each in (first, second, first, second):
            each.switch()

    record(profiler, program)
    assert calls_of(profiler, a) == calls_of(profiler, b) == Calls(1)
    assert edge_calls_of(profiler, a, leaf) == Calls(2)
    assert edge_calls_of(profiler, b, fib) == Calls(2)
    assert calls_of(profiler, program) == Calls(1)
    check_off(profiler)


@scenario()
def greenlet_time_is_its_own():
    greenlet = greenlets()
    now = 0.0
    profiler = Profiler(lambda: now)

    def spends(seconds, switch):
        nonlocal now
        now += seconds
        switch()
        now += seconds

    main = greenlet.getcurrent()
    ones = greenlet.greenlet(lambda: spends(1, main.switch))
    tens = greenlet.greenlet(lambda: also(10, main.switch))

    def also(seconds, switch):
        nonlocal now
        now += seconds
        switch()
        now += seconds

    record(profiler, ones.switch, tens.switch, ones.switch, tens.switch)
    times = {entry.code: entry.totaltime for entry in profiler.getstats()}
    assert times[spends.__code__] == 2, times[spends.__code__]
    assert times[also.__code__] == 20, times[also.__code__]
    check_off(profiler)


@scenario()
def greenlet_switched_inside_callbacks():
    greenlet = greenlets()
    profiler = Profiler()
    main = greenlet.getcurrent()

    def key(number):
        leaf()
        main.switch()
        leaf()
        return number

    runners = [greenlet.greenlet(lambda: sorted([3, 1, 2], key=key)) for _ in range(5)]

    def program():
        while any(not runner.dead for runner in runners):
            for runner in runners:
                runner.switch()

    record(profiler, program)
    assert calls_of(profiler, key) == Calls(15)
    assert edge_calls_of(profiler, key, leaf) == Calls(30)
    sorts = [e for e in profiler.getstats() if "sorted" in str(e.code)]
    assert [e.callcount for e in sorts] == [5]
    check_off(profiler)


@scenario()
def greenlet_changed_while_disabled():
    greenlet = greenlets()
    profiler = Profiler(builtins=False)
    main = greenlet.getcurrent()

    def inside():
        profiler.enable()
        a(main.switch)
        b(main.switch)

    other = greenlet.greenlet(inside)
    record(profiler, greenlet.greenlet(leaf).switch)
    for _ in range(2):
        other.switch()  # enables, and comes back with a() or b() open
        fib(3)
    other.switch()
    profiler.disable()
    assert calls_of(profiler, a) == calls_of(profiler, b) == Calls(1)
    assert edge_calls_of(profiler, a, fib) == Calls(0)
    assert edge_calls_of(profiler, b, fib) == Calls(2)
    assert calls_of(profiler, fib) == Calls(20, 16)
    check_off(profiler)


@scenario()
def greenlets_killed_and_collected():
    greenlet = greenlets()
    profiler = Profiler(builtins=False)
    main = greenlet.getcurrent()

    def program():
        killed = greenlet.greenlet(lambda: a(main.switch))
        killed.switch()
        killed.throw()
        dropped = greenlet.greenlet(lambda: a(main.switch))
        dropped.switch()
        del dropped
        gc.collect()

    def act():
        for _ in range(5):
            program()

    profiler.enable()
    acted = check_no_slope(act, rounds=10)
    profiler.disable()
    assert calls_of(profiler, a).calls == 2 * 5 * acted
    assert calls_of(profiler, leaf) == Calls(2 * 5 * acted)
    check_off(profiler)


@scenario(*CALLS)
def greenlet_switches_among_evil_calls(evil):
    greenlet = greenlets()
    profiler = Profiler()
    main = greenlet.getcurrent()

    def program():
        runners = [greenlet.greenlet(lambda: a(main.switch)) for _ in range(3)]
        for runner in runners:
            runner.switch()
        attempt(lambda: evil(profiler))
        for runner in runners:
            runner.switch()
            attempt(lambda: evil(profiler))

    for _ in range(5):
        attempt(profiler.enable)
        program()
        turn_off(profiler)
    check_off(profiler)
    check_usable()


@scenario()
def greenlets_of_many_profilers():
    greenlet = greenlets()
    main = greenlet.getcurrent()

    def act():
        profiler = Profiler()
        first = greenlet.greenlet(lambda: a(main.switch))
        record(profiler, first.switch, first.switch)
        assert calls_of(profiler, a) == Calls(1)
        assert edge_calls_of(profiler, a, leaf) == Calls(2)

    check_no_slope(act, rounds=200)
    check_usable()


@scenario()
def greenlet_tracers_of_others_go_on():
    greenlet = greenlets()
    told = []
    greenlet.settrace(lambda event, arguments: told.append(event))
    main = greenlet.getcurrent()
    profiler = Profiler()
    first = greenlet.greenlet(lambda: a(main.switch))
    record(profiler, first.switch, first.switch)
    assert told.count("switch") >= 4
    assert calls_of(profiler, a) == Calls(1)
    check_off(profiler)


@scenario()
def greenlets_in_threads():
    greenlet = greenlets()
    profiler = Profiler()

    def program():
        main = greenlet.getcurrent()
        runners = [greenlet.greenlet(lambda: a(main.switch)) for _ in range(4)]
        for _ in range(2):
            for runner in runners:
                runner.switch()

    profiler.enable()
    threads = [threading.Thread(target=program) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    profiler.disable()
    assert calls_of(profiler, a) == Calls(16)
    assert edge_calls_of(profiler, a, leaf) == Calls(32)
    check_off(profiler)


@scenario()
def greenlets_past_the_bounds_of_the_tree():
    greenlet = greenlets()
    profiler = Profiler(builtins=False)
    main = greenlet.getcurrent()

    def descend(depth):
        main.switch()
        if depth:
            descend(depth - 1)

    runners = [greenlet.greenlet(lambda: descend(600)) for _ in range(3)]

    def program():
        while any(not runner.dead for runner in runners):
            for runner in runners:
                runner.switch()

    record(profiler, program)
    assert calls_of(profiler, descend) == Calls(3 * 601, 3 * 600), calls_of(profiler, descend)
    assert edge_calls_of(profiler, descend, descend) == Calls(3 * 600, 3 * 599)
    check_off(profiler)
