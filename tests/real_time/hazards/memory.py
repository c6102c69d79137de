"""Memory that is not there."""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import importlib
import sys
import threading

from support.counted import Calls, calls_of
from support.deadlines import DEADLINE_S

from hazards.harness import (
    Skipped,
    attempt,
    check_off,
    check_usable,
    fib,
    fresh_function,
    leaf,
    scenario,
)
from pikos import _lsprof
from pikos._lsprof import Profiler


class Shortage:
    """Uses a profiler in a thread of its own, where a few allocations fail."""

    def __init__(self, testcapi, count):
        self.fail_from = testcapi.set_nomemory
        self.restore = testcapi.remove_mem_hooks
        self.count = count
        self.ended = 0

    def begin(self, left):
        profiler = Profiler()
        done = _thread.allocate_lock()
        done.acquire()
        _thread.start_new_thread(self.run, (left, profiler, fresh_function(leaf), done))
        done.acquire()  # the other thread runs while this one waits, and only then
        return profiler

    def run(self, left, profiler, function, done):
        try:
            self.fail_from(left, left + self.count)
            profiler.enable()
            function()
            "x".isidentifier()
            profiler.getstats()
            profiler.clear()
            function()
            self.ended += 1
        except MemoryError:
            pass
        finally:
            restored = False
            while not restored:
                try:
                    self.restore()
                    restored = True
                except MemoryError:
                    pass  # the call itself takes memory
            done.release()


@scenario(1, 2, 30)
def no_memory_for_allocations(count):
    try:
        testcapi = importlib.import_module("_testcapi")
    except ImportError:
        raise Skipped("this interpreter has no _testcapi") from None
    before = sys.getswitchinterval()
    sys.setswitchinterval(DEADLINE_S)
    shortage = Shortage(testcapi, count)
    # threads of their own, for 3.11 may cease to trace one that has run out of memory
    for left in range(200):
        profiler = shortage.begin(left)
        for _ in range(2):
            attempt(profiler.disable)
        profiler.clear()
        check_off(profiler)
    sys.setswitchinterval(before)
    assert shortage.ended  # so all that can fail has failed
    check_usable()


@scenario()
def no_memory_for_the_ledger():
    library = ctypes.CDLL(_lsprof.__file__)
    try:
        left = ctypes.c_long.in_dll(library, "pk_alloc_left")
    except ValueError:
        raise Skipped("the extension is not built to fail allocations") from None
    told = exact = 0
    for fails_at in range(200):
        functions = [fresh_function(leaf) for _ in range(30)]
        profiler = Profiler()
        profiler.enable()
        left.value = fails_at
        for function in functions:
            function()
        fib(8)
        thread = threading.Thread(target=leaf)
        thread.start()
        thread.join(DEADLINE_S)
        with contextlib.suppress(MemoryError):
            profiler.getstats()
        with contextlib.suppress(MemoryError):
            profiler.clear()
        for function in functions:
            function()
        left.value = -1
        try:
            profiler.disable()
        except MemoryError:
            told += 1
        else:
            exact += calls_of(profiler, leaf) == Calls(30)
        check_off(profiler)
    assert told > 20, told
    assert told + exact == 200, (told, exact)
    check_usable()
