"""Times by clocks that the test moves, and that the clocks of the machine are what they say."""

from __future__ import annotations

import itertools
import sys
import time

import pytest
from support.counted import FakeClock, calls_of, counting, edge_of, entry_of, record
from support.published import published

from pikos._lsprof import Profiler

DAY_NS = 86_400 * 10**9


class Program:
    """Functions that take as long as they say: units of the clock."""

    def __init__(self, clock):
        def inner(time):
            clock.now += time * clock.unit

        def outer():
            clock.now += 10 * clock.unit
            inner(1)
            clock.now += 20 * clock.unit
            inner(2)

        def other():
            inner(4)

        def deep(n):
            clock.now += clock.unit
            if n:
                deep(n - 1)
            clock.now += clock.unit

        def numbers():
            clock.now += clock.unit
            yield
            clock.now += 2 * clock.unit

        def consumer():
            generator = numbers()
            next(generator)
            clock.now += 100 * clock.unit
            next(generator, None)

        self.inner, self.outer, self.other = inner, outer, other
        self.deep, self.numbers, self.consumer = deep, numbers, consumer


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def program(clock):
    return Program(clock)


@pytest.fixture
def profiler(clock):
    return Profiler(clock)


def times_of(source, function):
    """Seconds in it and what it called, and in it alone."""
    entry = entry_of(source, function)
    return entry.totaltime, entry.inlinetime


def test_own_and_cumulative_time(profiler, program):
    """B18."""
    record(profiler, program.outer, program.other)

    assert times_of(profiler, program.outer) == (33, 30)
    assert times_of(profiler, program.inner) == (7, 7)
    assert times_of(profiler, program.other) == (4, 0)


def test_each_caller_has_its_share(profiler, program):
    record(profiler, program.outer, program.other)

    assert edge_of(profiler, program.outer, program.inner).totaltime == 3
    assert edge_of(profiler, program.other, program.inner).totaltime == 4


def test_recursion_is_not_counted_twice_in_cumulative_time(profiler, program):
    record(profiler, lambda: program.deep(4))

    assert times_of(profiler, program.deep) == (10, 10)
    assert edge_of(profiler, program.deep, program.deep).totaltime == 8


def test_time_suspended_is_charged_to_nobody_but_who_runs(profiler, program):
    record(profiler, program.consumer)

    assert times_of(profiler, program.numbers) == (3, 3)
    assert times_of(profiler, program.consumer) == (103, 100)


def test_time_between_disable_and_enable_is_charged_to_nobody(profiler, program, clock):
    record(profiler, program.outer)
    clock.now += 1000
    record(profiler, program.outer)

    assert times_of(profiler, program.outer) == (66, 60)


def test_a_call_that_is_open_at_disable_ends_there(profiler, clock):
    def disables():
        clock.now += 5
        profiler.disable()
        clock.now += 50

    profiler.enable()
    disables()

    assert entry_of(profiler, disables).totaltime == 5


def test_a_timer_of_integers_counts_units(clock):
    program = Program(clock)
    profiler = Profiler(clock, 0.125)
    clock.now = 2**62

    record(profiler, program.outer)

    assert times_of(profiler, program.outer) == (33 * 0.125, 30 * 0.125)


def test_a_day_and_more_does_not_overflow():
    clock = FakeClock(2**62, unit=DAY_NS)
    program = Program(clock)
    profiler = Profiler(clock, 1e-9)

    record(profiler, lambda: program.deep(99))

    entry = entry_of(profiler, program.deep)
    assert (entry.callcount, entry.reccallcount) == (100, 99)
    assert entry.totaltime == pytest.approx(200 * 86_400)


def test_a_timer_below_zero_is_as_good_as_any(program, clock, profiler):
    clock.now = -1000

    record(profiler, program.outer)

    assert times_of(profiler, program.outer) == (33, 30)


def test_time_stands_still_while_the_timer_runs_backwards_and_goes_on_from_there(
    program, clock, profiler
):
    def steps_back():
        program.inner(3)
        clock.now -= 1000
        program.inner(5)

    clock.now = 5000

    record(profiler, steps_back)

    assert times_of(profiler, program.inner) == (8, 8)
    assert entry_of(profiler, steps_back).totaltime == 8


def test_no_time_is_negative_whatever_the_timer_says():
    nonsense = itertools.cycle([100, 5, 900, -3, 2**62, -(2**62)])
    program = Program(FakeClock())
    profiler = Profiler(lambda: next(nonsense), 1.0)

    record(profiler, *[program.outer, program.consumer, lambda: program.deep(5)] * 20)

    for entry in profiler.getstats():
        assert 0 <= entry.inlinetime <= entry.totaltime
        for callee in entry.calls or ():
            assert 0 <= callee.inlinetime <= callee.totaltime <= entry.totaltime


def test_a_timer_that_fails_gives_the_time_before(program, clock, monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: reported.append(report.exc_type))
    failing = False

    def timer():
        if failing:
            raise KeyError
        return clock.now

    def fails():
        nonlocal failing
        program.inner(3)
        failing = True
        program.inner(5)
        failing = False
        program.inner(7)

    record(profiler := Profiler(timer), fails)

    assert set(reported) == {KeyError}
    assert calls_of(profiler, program.inner).calls == 3
    assert entry_of(profiler, fails).totaltime == 15


@pytest.mark.parametrize("said", [None, "12", float("nan"), float("inf"), 1e300, object()])
def test_a_timer_that_says_nonsense_is_reported_and_counts_stay_exact(said, program, monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: reported.append(report.exc_type))

    record(profiler := Profiler(lambda: said), program.outer)

    assert reported
    assert calls_of(profiler, program.inner).calls == 2


@pytest.mark.parametrize("clock", ["wall", "monotonic", "cpu"])
def test_a_function_that_works_costs_what_it_takes(clock):
    def works():
        begun = time.thread_time()
        while time.thread_time() - begun < 0.05:
            pass

    begun = time.perf_counter()
    with counting(clock=clock) as profiler:
        works()
    took = time.perf_counter() - begun

    assert 0.045 < entry_of(profiler, works).totaltime < took * 1.01


def test_a_function_that_sleeps_costs_next_to_nothing_by_the_cpu_clock():
    def sleeps():
        time.sleep(0.2)

    with counting(clock="cpu") as by_cpu:
        sleeps()
    with counting(clock="wall") as by_wall:
        sleeps()

    assert entry_of(by_cpu, sleeps).totaltime < 0.05
    assert entry_of(by_wall, sleeps).totaltime > 0.19


def test_a_clock_that_is_none_is_refused():
    with pytest.raises(ValueError, match="clock is 'lunar'"):
        Profiler(clock="lunar")


MAX, MIN = 2**63 - 1, -(2**63)


def leaf():
    return 1


@pytest.mark.parametrize("unit", [1e-9, 1.0])
@pytest.mark.parametrize(
    "told", [(MIN, MAX), (MAX, MIN), (MIN, MIN), (0, MAX), (MAX, MAX), (MIN, 0)]
)
def test_no_time_is_negative_at_the_ends_of_64_bits(told, unit):
    """C20: nor is it for a viewer, whose nanoseconds may be more than 64 bits hold."""
    times = itertools.cycle(told)
    profiler = Profiler(timer=lambda: next(times), timeunit=unit)

    with published(profiler) as look:
        profiler.enable()
        for _ in range(4):
            leaf()
        profiler.disable()
        stats = look().stats.values()

    assert all(entry.totaltime >= entry.inlinetime >= 0 for entry in profiler.getstats())
    assert all(stat.cumulative_ns >= stat.inline_ns >= 0 for stat in stats)
