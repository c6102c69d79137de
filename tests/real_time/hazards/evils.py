"""What evil code does to a profiler, wherever it gets to run."""

from __future__ import annotations

import gc
import sys
import threading

from support.deadlines import DEADLINE_S

from hazards.harness import (
    attempt,
    check_off,
    check_usable,
    leaf,
    turn_off,
    work,
)
from pikos._lsprof import Profiler


def disables(profiler):
    profiler.disable()


def enables(profiler):
    profiler.enable()


def clears(profiler):
    profiler.clear()


def reads(profiler):
    profiler.getstats()
    profiler.thread_stats()


def initializes(profiler):
    profiler.__init__(None, 0.0, True, False)


def enables_another(profiler):
    another = Profiler()
    try:
        another.enable()
    finally:
        leaf()
        another.disable()


def restarts(profiler):
    profiler.disable()
    profiler.clear()
    profiler.enable()


def collects(profiler):
    gc.collect()


def raises(profiler):
    raise ZeroDivisionError


def exits(profiler):
    sys.exit(3)


def interrupts(profiler):
    raise KeyboardInterrupt


def recurses(profiler):
    recurses(profiler)


def starts_a_thread(profiler):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(DEADLINE_S)


def profiles(profiler):
    work()


def switches_threads(profiler):
    done = threading.Event()
    threading.Thread(target=lambda: (work(), attempt(profiler.clear), done.set())).start()
    assert done.wait(DEADLINE_S)


CALLS = (disables, enables, clears, reads, initializes, enables_another, restarts, collects)
FAILURES = (raises, exits, interrupts, recurses)
DETOURS = (starts_a_thread, profiles, switches_threads)


class Lever:
    """What objects pull that get to act: it does what it has been set to."""

    act = None

    def __call__(self):
        if self.act is not None:
            self.act()


LEVER = Lever()


def with_acts(evil, program):
    """Run the program with evil acts wherever its objects get to act."""
    profiler = Profiler()

    def act():
        LEVER.act = None
        attempt(lambda: evil(profiler))
        LEVER.act = act

    LEVER.act = act
    profiler.enable()
    for _ in range(3):
        program()
        attempt(profiler.enable)
    LEVER.act = None
    turn_off(profiler)
    check_off(profiler)
    check_usable()
