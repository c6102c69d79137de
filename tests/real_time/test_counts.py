"""Counts are those that the construction of the program gives: calls, recursion, generators."""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import re
import sys

import pytest
from support.counted import (
    Calls,
    calls_of,
    counting,
    edge_calls_of,
    entry_of,
    open_calls,
    starts_and_resumes,
)

from pikos._lsprof import Profiler

SORT = "<method 'sort' of 'list' objects>"
APPEND = "<method 'append' of 'list' objects>"
ISINSTANCE = "<built-in method builtins.isinstance>"
PATTERN = re.compile("a")


def factorial(n):
    return n * factorial(n - 1) if n > 1 else 1


def is_even(n):
    return n == 0 or is_odd(n - 1)


def is_odd(n):
    return n != 0 and is_even(n - 1)


def leaf():
    return 1


def twice():
    leaf()
    leaf()


def caught(depth):
    with contextlib.suppress(ValueError):
        fails(depth)


def fails(depth):
    if depth == 0:
        raise ValueError
    fails(depth - 1)


def numbers(count):
    yield from range(count)


def delegating(count):
    yield from numbers(count)


async def doze(times):
    for _ in range(times):
        await Pause()


class Pause:
    def __await__(self):
        yield


def test_every_call_is_counted_with_its_caller():
    with counting() as profiler:
        for _ in range(1000):
            twice()
        leaf()

    assert calls_of(profiler, twice) == Calls(1000)
    assert calls_of(profiler, leaf) == Calls(2001)
    assert edge_calls_of(profiler, twice, leaf) == Calls(2000)


def test_all_but_the_outermost_call_of_a_recursion_are_recursive():
    with counting() as profiler:
        for _ in range(3):
            factorial(20)

    assert calls_of(profiler, factorial) == Calls(60, 57)
    assert edge_calls_of(profiler, factorial, factorial) == Calls(57, 54)


def test_mutual_recursion_counts_each_function_by_itself():
    with counting() as profiler:
        is_even(10)

    assert calls_of(profiler, is_even) == Calls(6, 5)
    assert calls_of(profiler, is_odd) == Calls(5, 4)
    assert edge_calls_of(profiler, is_even, is_odd) == Calls(5, 4)
    assert edge_calls_of(profiler, is_odd, is_even) == Calls(5, 4)


def test_calls_that_raise_are_counted_and_left():
    with counting(builtins=False) as profiler:
        for _ in range(10):
            caught(4)
        threads = profiler.thread_stats()

    assert calls_of(profiler, caught) == Calls(10)
    assert calls_of(profiler, fails) == Calls(50, 40)
    assert open_calls(threads) == 0


def test_built_ins_that_raise_are_counted_and_left():
    with counting() as profiler:
        for _ in range(10):
            with pytest.raises(TypeError):
                isinstance(1, 1)
        threads = profiler.thread_stats()

    assert calls_of(profiler, ISINSTANCE).calls >= 10
    assert open_calls(threads) == 1  # thread_stats() itself


class Kind(list):
    """A subclass whose methods are those of a built-in."""


def every_kind_of_built_in():
    function, bound, in_class, descriptor = len, [].append, PATTERN.match, list.append
    for _ in range(7):
        function("ab")
        bound(1)
        in_class("a")
        descriptor([], 1)
        Kind().append(1)
        dict.fromkeys("ab")


def test_every_kind_of_built_in_is_counted_as_cprofile_counts_it():
    profiler, reference = Profiler(), cProfile.Profile()

    for counts in (profiler, reference):
        counts.enable()
        every_kind_of_built_in()
        counts.disable()

    ours, theirs = (
        {e.code: e.callcount for e in counts.getstats() if "disable" not in str(e.code)}
        for counts in (profiler, reference)
    )
    assert ours == theirs
    assert ours[APPEND] == 21
    assert ours["<method 'match' of 're.Pattern' objects>"] == 7


def call_the_callback(event):
    """Call that of an event as only the interpreter does, and say how often it was refused."""
    tool, refused = 0, 0
    while sys.monitoring.get_tool(tool) != "pikos":
        tool += 1
    callback = sys.monitoring.register_callback(tool, event, None)
    sys.monitoring.register_callback(tool, event, callback)
    for arguments in [(), (1, 2), (None, 0, None), ("code", 0, leaf, leaf)]:
        try:
            callback(*arguments)
        except TypeError as error:
            refused += "called by sys.monitoring only" in str(error)
    return refused


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="there are no callbacks before 3.12")
@pytest.mark.parametrize("clock", ["wall", "cpu"])
@pytest.mark.parametrize(
    ("event", "refusals"),
    [("PY_START", 1), ("PY_RESUME", 1), ("PY_RETURN", 1), ("CALL", 2), ("C_RETURN", 2)],
)
def test_a_callback_that_the_program_calls_itself_counts_nothing(event, refusals, clock):
    with counting(clock=clock) as profiler:
        refused = call_the_callback(getattr(sys.monitoring.events, event))
        leaf()
        threads = profiler.thread_stats()

    assert refused == refusals
    assert calls_of(profiler, leaf) == Calls(1)
    assert open_calls(threads) == 1  # thread_stats() itself


def test_a_callback_that_c_calls_has_the_built_in_as_its_caller():
    with counting() as profiler:
        [3, 1, 2].sort(key=negative)

    assert calls_of(profiler, negative) == Calls(3)
    assert edge_calls_of(profiler, SORT, negative) == Calls(3)


def negative(number):
    return -number


def test_a_callback_without_built_ins_has_the_python_caller():
    with counting(builtins=False) as profiler:
        sorts()

    assert calls_of(profiler, SORT) == Calls(0)
    assert edge_calls_of(profiler, sorts, negative) == Calls(3)


def sorts():
    [3, 1, 2].sort(key=negative)


def test_starts_and_resumes_of_a_generator_are_both_kept():
    with counting() as profiler:
        for _ in range(5):
            for _ in numbers(3):
                pass

    assert starts_and_resumes(profiler, numbers) == (5, 15)
    assert calls_of(profiler, numbers) == Calls(20)


def test_starts_and_resumes_are_kept_of_each_caller():
    with counting() as profiler:
        list(delegating(3))

    edge = entry_of(entry_of(profiler, delegating).calls, numbers)
    assert (edge.callcount, edge.resumecount) == (4, 3)


def test_a_plain_function_has_no_resumes():
    with counting() as profiler:
        leaf()

    assert starts_and_resumes(profiler, leaf) == (1, 0)


def test_a_resume_counts_is_an_attribute_and_no_item_of_an_entry():
    with counting() as profiler:
        leaf()

    assert len(entry_of(profiler, leaf)) == 6


def test_a_generator_that_is_begun_before_is_only_resumed():
    generator = numbers(3)
    next(generator)

    with counting() as profiler:
        list(generator)

    assert starts_and_resumes(profiler, numbers) == (0, 3)


def test_starts_and_resumes_of_a_coroutine_are_both_kept():
    with counting() as profiler:
        drive(doze(4))

    assert starts_and_resumes(profiler, doze) == (1, 4)


def drive(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration:
        pass


async def ticks(count):
    for tick in range(count):
        await Pause()
        yield tick


async def consume(count):
    return [tick async for tick in ticks(count)]


def test_starts_and_resumes_of_an_async_generator_are_both_kept():
    with counting() as profiler:
        drive(consume(3))

    assert starts_and_resumes(profiler, consume) == (1, 3)
    # one start; after each of 3 pauses and of 3 values it goes on
    assert starts_and_resumes(profiler, ticks) == (1, 6)


def test_tasks_of_an_event_loop_are_counted_one_by_one():
    async def main():
        await asyncio.gather(*(worker() for _ in range(10)))

    async def worker():
        for _ in range(5):
            await asyncio.sleep(0)

    with counting(builtins=False) as profiler:
        asyncio.run(main())
        threads = profiler.thread_stats()

    assert starts_and_resumes(profiler, worker) == (10, 50)
    assert open_calls(threads) == 0


@pytest.mark.parametrize("end", ["exhaust", "throw", "close", "collect"])
def test_a_generator_leaves_nothing_open_however_it_ends(end):
    with counting(builtins=False) as profiler:
        generator = guarded()
        next(generator)
        if end == "exhaust":
            list(generator)
        elif end == "throw":
            with pytest.raises(KeyError):
                generator.throw(KeyError)
        elif end == "close":
            generator.close()
        del generator
        threads = profiler.thread_stats()

    assert starts_and_resumes(profiler, guarded) == (1, 1)
    assert calls_of(profiler, leaf) == Calls(1)
    assert open_calls(threads) == 0


def guarded():
    try:
        yield 1
    finally:
        leaf()


def test_built_ins_are_left_out_everywhere_when_they_are_not_wanted():
    profiler = Profiler(builtins=False)
    for _ in range(2):
        profiler.enable()
        len([abs(-1)])
        leaf()
        profiler.disable()

    assert [entry.code for entry in profiler.getstats()] == [leaf.__code__]


def test_enable_overrides_what_was_said_of_built_ins_from_then_on():
    profiler = Profiler(builtins=False)
    profiler.enable(builtins=True)
    isinstance(1, int)
    profiler.disable()
    profiler.enable()
    isinstance(1, int)
    profiler.disable()

    assert calls_of(profiler, ISINSTANCE) == Calls(2)


def test_without_subcalls_there_are_no_callers():
    with counting(subcalls=False) as profiler:
        twice()

    assert calls_of(profiler, leaf) == Calls(2)
    assert {entry.calls for entry in profiler.getstats()} == {None}


def test_subcalls_can_be_asked_for_after_the_fact():
    profiler = Profiler(subcalls=False)
    profiler.enable(subcalls=True)
    twice()
    profiler.disable()

    assert edge_calls_of(profiler, twice, leaf) == Calls(2)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="cProfile refuses it from 3.12 on")
def test_enabling_twice_is_refused():
    with counting() as profiler, pytest.raises(ValueError, match="already enabled"):
        profiler.enable()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="cProfile allows it up to 3.11")
def test_enabling_twice_is_as_good_as_once():
    with counting() as profiler:
        profiler.enable()
        leaf()

    assert calls_of(profiler, leaf) == Calls(1)
    assert not profiler.enabled


def test_a_second_profiler_is_refused_with_the_name_of_the_first():
    second = Profiler()

    with counting() as first, pytest.raises(ValueError, match="Profiler at 0x") as refusal:
        second.enable()

    assert f"{id(first):#x}" in str(refusal.value)
    assert not second.enabled


def test_a_second_profiler_leaves_the_first_one_unharmed_and_may_follow():
    second = Profiler()
    with counting() as first:
        leaf()
        with pytest.raises(ValueError, match="already active"):
            second.enable()
        leaf()

    second.enable()
    leaf()
    second.disable()

    assert calls_of(first, leaf) == Calls(2)
    assert calls_of(second, leaf) == Calls(1)


def test_an_enabled_profiler_that_nobody_can_reach_makes_room():
    Profiler().enable()

    with counting() as profiler:
        leaf()

    assert calls_of(profiler, leaf) == Calls(1)


def test_clear_forgets_what_was_counted():
    with counting() as profiler:
        leaf()
        profiler.clear()
        twice()

    assert calls_of(profiler, leaf) == Calls(2)


def test_clear_forgets_the_calls_that_are_open():
    def clears():
        profiler.clear()
        leaf()

    with counting() as profiler:
        clears()

    assert calls_of(profiler, clears) == Calls(0)
    assert calls_of(profiler, leaf) == Calls(1)


def test_reading_while_it_counts_tells_what_has_returned():
    seen = []

    def reads():
        leaf()
        seen.append(profiler.getstats())
        leaf()

    with counting() as profiler:
        reads()

    assert calls_of(seen[0], leaf) == Calls(1)
    assert calls_of(seen[0], reads) == Calls(0)
    assert calls_of(profiler, leaf) == Calls(2)
    assert calls_of(profiler, reads) == Calls(1)


def test_calls_that_are_open_at_disable_end_there():
    def disables():
        profiler.disable()
        leaf()

    profiler = Profiler()
    profiler.enable()
    disables()

    assert calls_of(profiler, disables) == Calls(1)
    assert calls_of(profiler, leaf) == Calls(0)
    assert open_calls(profiler.thread_stats()) == 0


def test_counts_add_up_over_several_enables():
    profiler = Profiler()
    for _ in range(3):
        profiler.enable()
        twice()
        profiler.disable()

    assert calls_of(profiler, leaf) == Calls(6)


def test_a_bound_method_is_one_function_whatever_it_is_bound_to():
    lists = [[] for _ in range(10)]

    with counting() as profiler:
        for each in lists:
            each.append(1)
        for add in [each.append for each in lists]:
            add(2)

    assert calls_of(profiler, APPEND) == Calls(20)


def test_functions_of_one_label_are_kept_apart():
    functions = [eval("lambda: None") for _ in range(5)]

    with counting() as profiler:
        for times, function in enumerate(functions):
            for _ in range(times):
                function()

    assert [calls_of(profiler, function).calls for function in functions] == [0, 1, 2, 3, 4]
