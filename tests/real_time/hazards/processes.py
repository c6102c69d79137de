"""Forks, and the end of the interpreter."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import tempfile
import threading
import warnings

from support.counted import Calls, calls_of, record
from support.deadlines import DEADLINE_S
from support.session import FACTS

from hazards.greenlets import a, greenlets
from hazards.harness import attempt, check_usable, fib, fresh_function, leaf, scenario, work
from pikos import _lsprof
from pikos._lsprof import Profiler
from pikos.real_time.libzmq import bind_libzmq
from pikos.wire.hello import hello_json

KEPT = []
"""What lives until the interpreter ends."""


@scenario()
def fork_in_a_profiled_program():
    profiler = Profiler(builtins=False)
    profiler.enable()
    for _ in range(10):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                profiler.enable()
                fib(5)
                profiler.disable()
                assert calls_of(profiler, fib).calls >= 15
                check_usable()
                status = 7
            finally:
                os._exit(status)
        fib(5)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7
    profiler.disable()
    assert calls_of(profiler, fib) == Calls(150, 140)
    check_usable()


@scenario()
def publishing_thread_that_is_not_waited_for():
    bind_libzmq(_lsprof)
    profiler = Profiler(builtins=False)
    with tempfile.TemporaryDirectory(prefix="pk") as directory:
        for number in range(20):
            endpoint = f"ipc://{directory}/{number}"
            profiler.start_publishing(endpoint, 0.001, hello_json(FACTS), os.urandom(16))
            record(profiler, work)
            profiler.stop_publishing("without patience", 0.0)
            assert profiler.publishing() is None
            assert calls_of(profiler, fib) == Calls(15, 14)
            profiler.clear()
        del profiler
        gc.collect()
        check_usable()


@scenario()
def fork_among_threads():
    profiler = Profiler()
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            work()
            fresh_function(leaf)()

    threads = [threading.Thread(target=busy) for _ in range(3)]
    profiler.enable()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    for thread in threads:
        thread.start()
    for _ in range(10):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            status = 1
            try:
                work()
                profiler.getstats()
                profiler.disable()
                check_usable()
                status = 7
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7
    stop.set()
    for thread in threads:
        thread.join(DEADLINE_S)
    sys.setswitchinterval(before)
    profiler.disable()
    check_usable()


@scenario()
def exit_with_the_profiler_enabled():
    Profiler().enable()
    work()


@scenario()
def exit_with_a_global_profiler_enabled():
    KEPT.append(Profiler(lambda: 1.0))
    KEPT[0].enable()
    atexit.register(work)


@scenario()
def exit_with_objects_that_act():

    class Evil:
        def __del__(self):
            attempt(profiler.clear)
            attempt(profiler.getstats)
            attempt(profiler.disable)
            attempt(profiler.enable)
            work_bound()

    work_bound = work
    profiler = Profiler()
    profiler.enable()
    KEPT.append(Evil())
    KEPT[0].itself = KEPT
    work()


@scenario()
def exit_with_daemon_threads_at_work():
    def busy():
        while True:
            work()
            fresh_function(leaf)()

    profiler = Profiler()
    profiler.enable()
    for _ in range(4):
        threading.Thread(target=busy, daemon=True).start()
    fib(18)


@scenario()
def exit_with_suspended_greenlets():
    greenlet = greenlets()
    main = greenlet.getcurrent()
    profiler = Profiler()
    profiler.enable()
    KEPT.extend(greenlet.greenlet(lambda: a(main.switch)) for _ in range(3))
    for each in KEPT:
        each.switch()
