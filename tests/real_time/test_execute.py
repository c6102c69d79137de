"""Profiler.execute: what a function calls is counted, and nothing of its caller's."""

from __future__ import annotations

import os
import threading

import pytest

from pikos._lsprof import Profiler


def work(n=3):
    return [leaf() for _ in range(n)]


def leaf():
    return len("abc")


def names(profiler):
    return {getattr(entry.code, "co_name", entry.code) for entry in profiler.getstats()}


@pytest.fixture
def profiler():
    made = Profiler()
    yield made
    made.disable()


def test_what_the_function_calls_is_counted(profiler):
    assert profiler.execute(work, 2) == [3, 3]

    assert {"work", "leaf", "<built-in method builtins.len>"} <= names(profiler)


def test_the_caller_is_not_counted_before_nor_after(profiler):
    profiler.execute(abs, -1)
    leaf()
    profiler.disable()

    assert names(profiler) == set()


def test_it_can_be_done_again(profiler):
    profiler.execute(abs, -1)
    profiler.execute(leaf)

    assert "leaf" in names(profiler)


def test_what_is_raised_comes_through_and_ends_the_counting(profiler):
    with pytest.raises(ZeroDivisionError):
        profiler.execute(exec, "leaf()\n1 / 0", {"leaf": leaf})
    work()
    profiler.disable()

    assert names(profiler) == {"<module>", "leaf", "<built-in method builtins.len>"}


def test_calls_that_are_open_at_the_end_are_left(profiler):
    def suspended():
        yield leaf()

    generators = [suspended()]
    profiler.execute(next, generators[0])
    generators.clear()
    profiler.disable()

    assert {"suspended", "leaf"} <= names(profiler)


def test_other_threads_are_counted_until_it_is_disabled(profiler):
    begin = threading.Event()
    thread = threading.Thread(target=lambda: begin.wait(20) and work())

    profiler.execute(thread.start)
    begin.set()
    thread.join()
    profiler.disable()

    assert "work" in names(profiler)


def test_a_profiler_that_the_function_disables_stays_disabled(profiler):
    profiler.execute(profiler.disable)

    assert not profiler.enabled


def test_with_a_timer_of_the_programs_the_counts_are_the_same():
    ticks = iter(range(1_000_000))
    profiler = Profiler(lambda: next(ticks), 1.0)

    profiler.execute(work)
    leaf()
    profiler.disable()

    (entry,) = [entry for entry in profiler.getstats() if entry.code is leaf.__code__]
    assert entry.callcount == 3


def test_it_needs_a_function_and_no_other_profiler(profiler):
    with pytest.raises(TypeError):
        profiler.execute()

    other = Profiler()
    other.enable()
    with pytest.raises(ValueError, match="another"):
        profiler.execute(leaf)
    other.disable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_that_returns_from_it_counts_nothing(profiler):
    child = profiler.execute(os.fork)
    if not child:
        os._exit(1 if profiler.enabled else 0)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
