"""What scenarios are made of: a register, a program to profile, and what is true afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import types

from support.counted import Calls, calls_of, open_calls, record

from pikos import _lsprof
from pikos._lsprof import Profiler

MONITORING = hasattr(sys, "monitoring")
SCENARIOS = {}
"""Every scenario by its name; in brackets the name of what it is given."""


def scenario(*arguments):
    """Make a function a scenario, or one for each argument."""

    def decorate(function):
        name = function.__name__
        if not arguments:
            SCENARIOS[name] = function
        for argument in arguments:
            label = getattr(argument, "__name__", argument)
            SCENARIOS[f"{name}[{label}]"] = lambda argument=argument: function(argument)
        return function

    return decorate


class Skipped(Exception):
    """The scenario is not possible here."""


def leaf():
    return 1


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def numbers(count):
    yield from range(count)


def work():
    fib(5)
    sorted(numbers(5), key=lambda number: (leaf(), -number))
    with contextlib.suppress(KeyError):
        {}["missing"]


def fresh_function(act=None):
    """A function that was never called before."""
    module = compile("def fresh():\n    return act and act()", "<fresh>", "exec")
    [code] = [each for each in module.co_consts if isinstance(each, types.CodeType)]
    return types.FunctionType(code, {"act": act})  # part of no cycle


def check_usable():
    """Another profiler counts as if nothing had been."""
    profiler = Profiler(builtins=False)
    record(profiler, work)
    assert calls_of(profiler, fib) == Calls(15, 14), calls_of(profiler, fib)
    assert calls_of(profiler, leaf) == Calls(5)
    check_off(profiler)


def check_off(profiler):
    """Nothing of it is left on."""
    assert not profiler.enabled
    assert _lsprof.active() is None
    assert open_calls(profiler.thread_stats()) == 0
    if MONITORING:
        _lsprof.let_go()
        assert "pikos" not in map(sys.monitoring.get_tool, range(6))
        assert not any(sys.monitoring.get_events(i) for i in range(6) if sys.monitoring.get_tool(i))
    else:
        assert sys.getprofile() is None


def turn_off(profiler):
    """Whoever has it enabled."""
    with contextlib.suppress(ValueError, RuntimeError, MemoryError):
        profiler.disable()
    active = _lsprof.active()
    if active is not None:
        active.disable()


def attempt(act):
    """Do something that may be refused, with an exception of the kinds that are promised."""
    with contextlib.suppress(ValueError, RuntimeError, MemoryError):
        act()


class Unraisable:
    """What was reported as unraisable, meanwhile."""

    def __init__(self):
        self.kinds = []

    def __enter__(self):
        sys.unraisablehook = lambda report: self.kinds.append(report.exc_type)
        return self

    def __exit__(self, *error):
        sys.unraisablehook = sys.__unraisablehook__


class MallInfo(ctypes.Structure):
    """mallinfo2(3)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    ]


def allocated():
    """Bytes that malloc has given out; 0 where it does not say."""
    gc.collect()
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo2 is None:
        return 0
    mallinfo2.restype = MallInfo
    info = mallinfo2()
    return info.uordblks + info.hblkhd


def check_no_slope(act, rounds=50):
    """What leaks grows in every row of rounds; the interpreter's caches end growing.

    Returns how often it acted: at least four rows, and more while each of them grew.
    """
    grown = []
    while len(grown) < 4 or not any(
        size < 8 * rounds and blocks < rounds // 2 for size, blocks in grown
    ):
        assert len(grown) < 20, f"bytes and blocks grown in each {rounds} rounds: {grown}"
        bytes_before, blocks_before = allocated(), sys.getallocatedblocks()
        for _ in range(rounds):
            act()
        bytes_after, blocks_after = allocated(), sys.getallocatedblocks()
        grown.append((bytes_after - bytes_before, blocks_after - blocks_before))
    return len(grown) * rounds
