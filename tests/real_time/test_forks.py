"""What a forked child counts is its own, and what the parent counts stays the parent's."""

from __future__ import annotations

import gc
import os
import sys

import pytest
from support.counted import calls_of

from pikos._lsprof import Profiler

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


def test_a_child_counts_from_nothing_and_the_parent_sees_none_of_it(profiler):
    call(5)

    def counts_its_own():
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
        call(2)
        grandchild = in_child(lambda: call(4) or calls_of(profiler, leaf).calls == 4)
        return grandchild and calls_of(profiler, leaf).calls == 2

    assert in_child(forks_again)


def test_a_child_clears_and_frees_a_profiler_that_counted_in_the_parent(profiler):
    other = [Profiler()]

    def clears():
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
            forks.append(in_child(lambda: call(3) or calls_of(profiler, leaf).calls == 3))

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
