"""A forked child counts nothing until it enables; then what it counts is its own."""

from __future__ import annotations

import gc
import os
import sys
import threading

import pytest
from support.counted import calls_of

from pikos import _lsprof
from pikos._lsprof import Profiler
from pikos.api import RealTimeProfiler
from pikos.real_time import Profile

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")


def leaf():
    pass


def call(count):
    for _ in range(count):
        leaf()


def in_child(check):
    """Run check in a forked child; whether it was true there."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if check() else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


@pytest.fixture
def profiler():
    profiler = Profiler(builtins=False)
    profiler.enable()
    yield profiler
    profiler.disable()


def counts(profiler, count):
    """Enable in a child, call leaf(), and have exactly that counted."""
    call(7)
    profiler.enable()
    call(count)
    profiler.disable()
    return calls_of(profiler, leaf).calls == count


def test_a_child_counts_from_nothing_and_the_parent_sees_none_of_it(profiler):
    call(5)

    def counts_its_own():
        profiler.enable()
        call(3)
        return calls_of(profiler, leaf).calls == 3

    assert all(in_child(counts_its_own) for _ in range(5))
    call(2)
    assert calls_of(profiler, leaf).calls == 7


def test_what_is_open_at_the_fork_may_return_in_the_child(profiler):
    def deep(levels):
        return in_child(lambda: True) if levels == 0 else deep(levels - 1)

    assert deep(50)
    assert calls_of(profiler, deep).calls == 51


def test_a_child_of_a_child_counts_its_own(profiler):
    def forks_again():
        profiler.enable()
        call(2)
        grandchild = in_child(lambda: counts(profiler, 4))
        return grandchild and calls_of(profiler, leaf).calls == 2

    assert in_child(forks_again)


def test_a_child_clears_and_frees_a_profiler_that_counted_in_the_parent(profiler):
    other = [Profiler()]

    def clears():
        profiler.enable()
        call(1)
        profiler.clear()
        call(2)
        cleared = calls_of(profiler, leaf).calls == 2
        other.clear()
        return cleared

    assert in_child(clears)


def test_a_fork_while_the_statistics_are_read_disturbs_nobody(profiler):
    """The garbage collector may run anything, also a fork, in the middle of getstats()."""
    forks = []

    class Forks:
        def __init__(self):
            self.itself = self

        def __del__(self):
            forks.append(in_child(lambda: counts(profiler, 3)))

    for number in range(200):
        exec(f"def f{number}(): pass\nf{number}()")
    gc.collect()
    before = gc.get_threshold()
    try:
        for threshold in range(1, 60, 7):
            Forks()
            gc.set_threshold(threshold)
            profiler.getstats()
            gc.set_threshold(*before)
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert forks
    assert all(forks)


MAKES = {
    "Profiler": lambda: Profiler(builtins=False),
    "Profiler of one thread": lambda: Profiler(builtins=False, threads=False),
    "Profile": lambda: Profile(builtins=False),
    "RealTimeProfiler": lambda: RealTimeProfiler(builtins=False, publish=False),
}


@pytest.fixture(params=MAKES)
def enabled(request):
    profiler = MAKES[request.param]()
    profiler.enable()
    yield profiler
    profiler.disable()


def test_a_child_is_off_and_can_be_enabled(enabled):
    """C9: also in a child of a child."""

    def is_off():
        call(3)
        off = _lsprof.active() is None and not enabled.enabled and not enabled.getstats()
        if hasattr(sys, "monitoring"):
            off = off and not any(map(sys.monitoring.get_tool, range(6)))
        else:
            off = off and sys.getprofile() is None
        return off

    def is_off_and_counts():
        return is_off() and counts(enabled, 4) and in_child(is_off)

    call(5)
    assert in_child(is_off_and_counts)
    assert enabled.enabled
    call(1)
    assert calls_of(enabled, leaf).calls == 6


def test_another_profiler_may_be_enabled_in_the_child(enabled):
    """C9."""
    assert in_child(lambda: counts(Profiler(builtins=False), 4))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_threads_of_a_child_are_its_own(profiler):
    """C9: none of its parent's threads is in it, and no call of theirs returns."""
    done = threading.Event()
    started = threading.Semaphore(0)

    def waits():
        started.release()
        done.wait()

    def has_its_own():
        profiler.enable()
        call(1)
        profiler.disable()
        [(facts, entries)] = profiler.thread_stats()
        codes = {entry.code for entry in entries}
        mine = facts["native_id"] == threading.get_native_id() and facts["open"] == 0
        return mine and codes == {call.__code__, leaf.__code__}

    threads = [threading.Thread(target=waits) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        started.acquire()
    try:
        assert in_child(has_its_own)
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_a_call_that_was_open_at_the_fork_returns_in_nobodys_count(profiler):
    """C9: the child enables in it."""
    status = []

    def forks():
        child = os.fork()
        if not child:
            profiler.enable()
            call(2)
        return child

    child = forks()
    if child == 0:
        try:
            profiler.disable()
            ok = calls_of(profiler, leaf).calls == 2
            ok = ok and not [e for e in profiler.getstats() if e.code is forks.__code__]
            status.append(0 if ok else 1)
        finally:
            os._exit(status[0] if status else 2)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/maps is Linux's")
def test_a_child_has_nothing_of_the_parents_ledger_mapped(profiler, tmp_path):
    from pikos import _lsprof
    from pikos.real_time.libzmq import bind_libzmq

    bind_libzmq(_lsprof)
    path = tmp_path / "ledger"
    profiler.start_publishing(
        f"ipc://{tmp_path}/s", 0.05, b"{}", bytes(16), None, (), os.fsencode(path)
    )
    call(3)
    with open("/proc/self/maps") as maps:
        assert str(path) in maps.read()

    def is_free_of_it():
        with open("/proc/self/maps") as maps:
            return str(path) not in maps.read()

    assert in_child(is_free_of_it)
    profiler.stop_publishing("done")
