"""Counts are exact in each thread and over all of them, however many there are."""

from __future__ import annotations

import _thread
import contextlib
import threading

import pytest
from support.counted import Calls, calls_of, counting, edge_calls_of, edge_of
from support.deadlines import DEADLINE_S
from support.published import published

from pikos._lsprof import Profiler

ROWS_KEPT = 256


def leaf():
    return 1


def work(times):
    for _ in range(times):
        leaf()


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


class Helper:
    """A thread that runs what it is given, when it is told to, and stays until it is let go."""

    def __init__(self, act):
        self.act = act
        self.go, self.done, self.leave = (threading.Event() for _ in range(3))
        self.thread = threading.Thread(target=self.run)

    def run(self):
        assert self.go.wait(DEADLINE_S)
        self.act()
        self.done.set()
        assert self.leave.wait(DEADLINE_S)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.go.set()
        self.leave.set()
        self.thread.join(DEADLINE_S)

    def finish(self):
        self.go.set()
        assert self.done.wait(DEADLINE_S)


def rows_of(profiler, function):
    """Per thread that called it: how often the function was called there."""
    counted = [calls_of(entries, function).calls for _, entries in profiler.thread_stats()]
    return sorted(calls for calls in counted if calls)


def run_together(targets):
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)


def test_threads_started_later_are_counted_each_by_itself_and_together():
    together = threading.Barrier(4)  # none ends before the others begin

    def works(times):
        work(times)
        together.wait(DEADLINE_S)

    with counting() as profiler:
        run_together([lambda times=times: works(times) for times in (1000, 2000, 3000, 4000)])

    assert rows_of(profiler, leaf) == [1000, 2000, 3000, 4000]
    assert calls_of(profiler, leaf) == Calls(10_000)
    assert edge_calls_of(profiler, work, leaf) == Calls(10_000)


def test_recursion_in_one_thread_is_none_in_another():
    with counting() as profiler:
        run_together([lambda: fib(12)] * 4)

    calls = 465  # of fib(12)
    assert calls_of(profiler, fib) == Calls(4 * calls, 4 * (calls - 1))


def test_threads_that_ran_before_are_counted_from_enable_on():
    with Helper(lambda: work(100)) as helper:
        with counting() as profiler:
            helper.finish()

        assert rows_of(profiler, leaf) == [100]


def test_threads_that_python_knows_nothing_of_are_counted():
    done = threading.Event()

    def target():
        work(50)
        done.set()

    with counting() as profiler:
        _thread.start_new_thread(target, ())
        assert done.wait(DEADLINE_S)

    assert rows_of(profiler, leaf) == [50]


def test_threads_started_by_threads_are_counted():
    def starts():
        run_together([lambda: work(7)])

    with counting() as profiler:
        run_together([starts])

    assert rows_of(profiler, leaf) == [7]


def test_threads_are_counted_without_built_ins_too():
    with counting(builtins=False) as profiler:
        run_together([lambda: work(7)])

    assert rows_of(profiler, leaf) == [7]


def test_only_the_thread_that_enables_is_counted_when_threads_are_not_wanted():
    with Helper(lambda: work(100)) as helper, counting(threads=False) as profiler:
        work(5)
        helper.finish()
        run_together([lambda: work(30)])

    assert rows_of(profiler, leaf) == [5]
    assert calls_of(profiler, leaf) == Calls(5)


def test_a_thread_that_ends_keeps_its_counts_and_its_name():
    thread = threading.Thread(target=lambda: work(10), name="short-lived")

    with counting() as profiler:
        thread.start()
        thread.join(DEADLINE_S)

    facts, entries = next(pair for pair in profiler.thread_stats() if calls_of(pair[1], leaf).calls)
    assert facts["name"] == "short-lived"
    assert facts["ident"] == thread.ident
    assert facts["native_id"] == thread.native_id
    assert calls_of(entries, leaf) == Calls(10)


def test_callers_in_other_threads_are_not_mixed_up():
    barrier = threading.Barrier(2)

    def first():
        for _ in range(50):
            barrier.wait(DEADLINE_S)
            leaf()

    def second():
        for _ in range(50):
            barrier.wait(DEADLINE_S)
            fib(2)

    with counting() as profiler:
        run_together([first, second])

    assert edge_calls_of(profiler, first, leaf) == Calls(50)
    assert edge_calls_of(profiler, second, fib) == Calls(50)
    assert edge_of(profiler, first, fib) is None
    assert edge_of(profiler, second, leaf) is None


def test_enabling_and_disabling_may_happen_in_different_threads():
    profiler = Profiler()
    run_together([profiler.enable])
    work(5)
    run_together([profiler.disable])
    work(5)

    assert calls_of(profiler, leaf) == Calls(5)


def test_a_thousand_short_threads_are_exact_in_a_bounded_number_of_rows():
    with counting() as profiler:
        for _ in range(1000):
            run_together([lambda: fib(5)])

    threads = profiler.thread_stats()
    assert calls_of(profiler, fib) == Calls(15_000, 14_000)
    assert sum(calls_of(entries, fib).calls for _, entries in threads) == 15_000
    assert sum(facts["threads"] for facts, _ in threads) == 1001
    assert len(threads) <= 16  # some may not have ended quite when others begin


def nests(depth):
    if depth:
        nests(depth - 1)
        nests(depth - 1)


def contexts_after(count, name):
    """How many contexts there are when so many threads have run, one after another."""
    profiler = Profiler()
    with published(profiler) as look:
        profiler.enable()
        for number in range(count):
            thread = threading.Thread(target=nests, args=(8,), name=name.format(number))
            thread.start()
            thread.join(DEADLINE_S)
        profiler.disable()
        return look().session.contexts


def test_threads_of_one_kind_use_contexts_of_ended_ones():
    """R8: a thread for each of 2,800 requests."""
    few = contexts_after(1, "request-{}")

    assert contexts_after(2_800, "request-{}") <= 8 * few


def test_threads_of_two_kinds_keep_rows_of_their_own():
    """R8."""
    with counting() as profiler:
        for number in range(20):
            for name, times in (("reader", 1), ("writer", 100)):
                thread = threading.Thread(target=work, args=(times,), name=f"{name}-{number}")
                thread.start()
                thread.join(DEADLINE_S)

    called = {"reader": 0, "writer": 0}
    for facts, entries in profiler.thread_stats():
        if calls := calls_of(entries, leaf).calls:
            called[facts["name"].split("-")[0]] += calls
    assert called == {"reader": 20, "writer": 2_000}


def test_a_row_that_is_used_again_is_named_for_its_kind():
    """C16: never by the name of the thread before."""
    with counting() as profiler:
        for number in range(300):
            thread = threading.Thread(target=leaf, name=f"turn {number}")
            thread.start()
            thread.join(DEADLINE_S)

    rows = [facts for facts, entries in profiler.thread_stats() if calls_of(entries, leaf).calls]
    shared = [facts["name"] for facts in rows if facts["threads"] > 1]
    assert shared
    assert set(shared) == {"turn #"}


def test_threads_past_the_rows_kept_are_exact_while_all_of_them_run():
    count = ROWS_KEPT + 50
    helpers = [Helper(lambda: work(3)) for _ in range(count)]

    with counting() as profiler, contextlib.ExitStack() as running:
        for helper in helpers:
            running.enter_context(helper)
        for helper in helpers:
            helper.finish()

    assert calls_of(profiler, leaf) == Calls(3 * count)
    assert rows_of(profiler, leaf) == [3] * count


def test_time_of_a_thread_does_not_go_to_another():
    clock = threading.local()

    def timer():
        return getattr(clock, "now", 0.0)

    def spends(seconds):
        clock.now = timer() + seconds

    def other():
        spends(5.0)

    with counting(timer=timer) as profiler:
        spends(2.0)
        run_together([other])
        spends(2.0)

    times = {
        entry.totaltime
        for _, entries in profiler.thread_stats()
        for entry in entries
        if entry.code is spends.__code__
    }
    assert times == {4.0, 5.0}


@pytest.mark.parametrize("threads", [True, False])
def test_the_row_of_this_thread_tells_of_it(threads):
    with counting(threads=threads) as profiler:
        leaf()

    [(facts, _)] = [pair for pair in profiler.thread_stats() if calls_of(pair[1], leaf).calls]
    assert facts["ident"] == threading.get_ident()
    assert facts["name"] == threading.current_thread().name
    assert facts["alive"]
    assert facts["open"] == 0
