"""Arguments whose evaluation runs code."""

from __future__ import annotations

import contextlib

from hazards.evils import CALLS, raises
from hazards.harness import check_off, check_usable, scenario, turn_off, work
from pikos._lsprof import Profiler


@scenario(*CALLS, raises)
def truth_of_a_flag(evil):
    class Flag:
        def __bool__(self):
            evil(profiler)
            return True

    profiler = Profiler()
    with contextlib.suppress(ValueError, ZeroDivisionError):
        profiler.enable(subcalls=Flag())
    work()
    turn_off(profiler)
    check_off(profiler)
    check_usable()


@scenario(*CALLS, raises)
def value_of_the_timeunit(evil):
    class Unit(float):
        def __float__(self):
            evil(profiler)
            return 1.0

    class Index:
        def __float__(self):
            evil(profiler)
            return 1.0

    for unit in (Unit(), Index()):
        profiler = Profiler(lambda: 1)
        with contextlib.suppress(ValueError, RuntimeError, ZeroDivisionError):
            profiler.__init__(lambda: 1, unit)
        work()
        turn_off(profiler)
        check_off(profiler)
    check_usable()
