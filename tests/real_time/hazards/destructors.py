"""Destructors and callbacks of weak references that act, and code that dies."""

from __future__ import annotations

import gc
import sys
import weakref

from support.counted import record

from hazards.evils import CALLS, LEVER, with_acts
from hazards.harness import (
    MONITORING,
    Skipped,
    attempt,
    check_off,
    check_usable,
    fresh_function,
    leaf,
    scenario,
    turn_off,
    work,
)
from pikos import _lsprof
from pikos._lsprof import Profiler


@scenario(*CALLS)
def destructor_in_the_collector(evil):
    class Evil:
        def __init__(self):
            self.itself = self

        def __del__(self):
            LEVER()

    def program():
        threshold = gc.get_threshold()
        gc.set_threshold(1)
        for _ in range(50):
            Evil()
            fresh_function(leaf)()
            for method in ("isalpha", "isdigit", "lower"):
                getattr("x", method)()
            attempt(_lsprof.Profiler().getstats)
        gc.set_threshold(*threshold)

    with_acts(evil, program)


@scenario(*CALLS)
def destructor_while_statistics_are_made(evil):
    class Evil:
        def __init__(self):
            self.itself = self

        def __del__(self):
            LEVER()

    def program():
        functions = [fresh_function() for _ in range(200)]
        for function in functions:
            function()
        threshold = gc.get_threshold()
        gc.set_threshold(1)
        active = _lsprof.active()
        for _ in range(5):
            Evil()
            if active is not None:
                active.getstats()
                active.thread_stats()
                active.clear()
        gc.set_threshold(*threshold)

    with_acts(evil, program)


@scenario(*CALLS)
def weak_reference_to_code_that_is_forgotten(evil):
    dead = []

    def program():
        active = _lsprof.active()
        kept = []
        for _ in range(20):
            function = fresh_function(leaf)
            function()
            kept.append(weakref.ref(function.__code__, lambda _: (dead.append(1), LEVER())))
        del function
        if active is not None:
            active.clear()

    with_acts(evil, program)
    assert dead


@scenario(*CALLS)
def weak_reference_to_code_when_the_profiler_dies(evil):
    victim = Profiler()
    for _ in range(20):
        inner = Profiler()
        function = fresh_function(leaf)
        record(inner, function)
        reference = weakref.ref(function.__code__, lambda _: attempt(lambda: evil(victim)))
        del function
        del inner
        assert reference() is None
        turn_off(victim)
    check_off(victim)
    check_usable()


@scenario(*CALLS)
def destructor_of_a_profile_function_that_is_replaced(evil):
    class Evil:
        def __call__(self, *event):
            pass

        def __del__(self):
            attempt(lambda: evil(profiler))

    profiler = Profiler()
    for _ in range(3):
        sys.setprofile(Evil())
        attempt(profiler.enable)
        work()
        turn_off(profiler)
        sys.setprofile(None)
        turn_off(profiler)
    check_off(profiler)
    check_usable()


@scenario(*CALLS)
def destructor_of_a_callback_that_is_replaced(evil):
    if not MONITORING:
        raise Skipped("sys.monitoring came with 3.12")

    class Evil:
        def __call__(self, *event):
            pass

        def __del__(self):
            attempt(lambda: evil(profiler))

    profiler = Profiler()
    for event in ("PY_START", "PY_UNWIND", "CALL"):
        number = getattr(sys.monitoring.events, event)
        for tool in (0, 1, 3, 4, 5):
            sys.monitoring.register_callback(tool, number, Evil())
        attempt(profiler.enable)
        work()
        turn_off(profiler)
        _lsprof.let_go()
        turn_off(profiler)
    check_off(profiler)
    check_usable()


@scenario()
def profiler_that_is_resurrected():
    saved = []

    class Phoenix(Profiler):
        def __del__(self):
            saved.append(self)

    Phoenix().enable()
    work()
    check_usable()  # which finds that nobody can reach it
    assert saved
    record(saved[0], work)
    check_off(saved[0])
