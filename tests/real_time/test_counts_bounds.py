"""Counts stay exact past the bounds of the tree, and with more functions than one would think."""

from __future__ import annotations

import cProfile
import gc
import sys
import weakref

import pytest
from support.counted import (
    TREE_DEPTH_MAX,
    Calls,
    calls_of,
    code_of,
    counting,
    edge_calls_of,
    nest,
    record,
)
from support.published import published

from pikos._lsprof import Profiler

TREE_NODES_MAX = 20_000


@pytest.fixture
def deep_stack():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(200_000)
    yield
    sys.setrecursionlimit(before)


def descend(depth):
    if depth:
        descend(depth - 1)


def ping(depth):
    if depth:
        ping(depth - 1)
        pong(depth - 1)


def pong(depth):
    if depth:
        pong(depth - 1)
        ping(depth - 1)
    else:
        leaf()


def leaf():
    return 1


def test_a_recursion_of_a_hundred_thousand_calls_is_exact(deep_stack):
    with counting() as profiler:
        descend(100_000)

    assert calls_of(profiler, descend) == Calls(100_001, 100_000)
    assert edge_calls_of(profiler, descend, descend) == Calls(100_000, 99_999)


def a_ring(size, rounds):
    """Functions each of which calls the next, ``rounds`` times around."""
    functions = []

    def member(number):
        def call(left):
            if left:
                functions[(number + 1) % size](left - 1)

        call.__code__ = call.__code__.replace(co_name=f"member_{number}")
        return call

    functions.extend(map(member, range(size)))
    return functions, size * rounds - 1


@pytest.mark.parametrize("size", [63, 64, 65, 130])
def test_functions_that_call_each_other_in_a_ring_count_as_recursive(size):
    functions, calls_below = a_ring(size, rounds=3)

    with counting() as profiler:
        functions[0](calls_below)

    for number, function in enumerate(functions):
        caller = functions[number - 1]
        within = 2 if number == 0 else 3
        assert calls_of(profiler, function) == Calls(3, 2)
        assert edge_calls_of(profiler, caller, function) == Calls(within, within - 1)


def chain(depth):
    if depth:
        (chain if depth % 3 else link)(depth - 1)
        if depth % 7 == 0:
            leaf()


def link(depth):
    chain(depth)
    leaf()


def deep_program():
    for depth in (3 * TREE_DEPTH_MAX, 40, 2 * TREE_DEPTH_MAX):
        nest(TREE_DEPTH_MAX - 20, lambda depth=depth: (chain(depth), leaf()))


def assert_counted_as(reference, profiler, functions):
    expected, counted = reference.getstats(), profiler.getstats()
    for function in functions:
        assert calls_of(counted, function) == calls_of(expected, function)
        for caller in functions:
            assert edge_calls_of(counted, caller, function) == edge_calls_of(
                expected, caller, function
            )


def test_recursion_past_the_depth_of_the_tree_counts_as_cprofile_does(deep_stack):
    reference = cProfile.Profile()
    profiler = Profiler(depth=TREE_DEPTH_MAX)

    reference.runcall(deep_program)
    record(profiler, deep_program)

    assert_counted_as(reference, profiler, (chain, link, nest, leaf))


def test_mutual_recursion_past_the_nodes_of_the_tree_counts_as_cprofile_does():
    reference = cProfile.Profile()
    profiler = Profiler(contexts=TREE_NODES_MAX)

    reference.runcall(ping, 16)
    with published(profiler) as look:
        record(profiler, lambda: ping(16))
        snapshot = look()

    assert snapshot.session.merged_contexts > 50_000
    assert_counted_as(reference, profiler, (ping, pong, leaf))


def make_functions(count, body="pass"):
    names: dict[str, object] = {"leaf": leaf}
    source = "\n".join(f"def f{number}(): {body}" for number in range(count))
    exec(compile(source, "<many>", "exec"), names)
    return [names[f"f{number}"] for number in range(count)]


def test_past_the_bound_of_the_tree_counts_are_exact_and_what_was_merged_is_told():
    functions = make_functions(40_000, "leaf()")
    profiler = Profiler(builtins=False, contexts=TREE_NODES_MAX)

    with published(profiler) as look:
        record(profiler, *functions, *functions)
        snapshot = look()

    contexts = [row for row in snapshot.contexts.values() if row.function and not row.folded]
    folded = sum(row.callcount for row in snapshot.contexts.values() if row.folded)
    assert TREE_NODES_MAX / 2 < len(contexts) <= TREE_NODES_MAX * 17 / 16
    assert folded == 160_000 - sum(row.callcount for row in contexts) > 0
    assert snapshot.session.folded_calls == 0
    assert snapshot.session.merged_contexts >= 160_000 - 2 * TREE_NODES_MAX
    assert calls_of(profiler, leaf) == Calls(80_000)
    callers = [entry for entry in profiler.getstats() if entry.calls]
    assert len(callers) == 40_000
    assert {entry.callcount for entry in callers} == {2}
    assert {entry.calls[0].callcount for entry in callers} == {2}


def test_two_hundred_thousand_contexts_four_thousand_deep_are_kept_apart(deep_stack):
    """R1: what importing a large library takes leaves room for the program's own stacks."""
    functions = make_functions(100_000, "leaf()")
    profiler = Profiler(builtins=False)

    with published(profiler) as look:
        record(profiler, *functions, lambda: nest(3_900, leaf))
        session = look().session

    assert session.folded_calls == 0
    assert session.contexts > 200_000


def test_a_hundred_thousand_functions_have_an_entry_each():
    functions = make_functions(100_000)
    profiler = Profiler(builtins=False)

    record(profiler, *functions)

    counted = [(entry.code, entry.callcount) for entry in profiler.getstats()]
    assert counted == [(function.__code__, 1) for function in functions]


def test_code_that_is_born_where_other_code_died_is_counted_as_another():
    """B18."""
    names: dict[str, object] = {}

    with counting(builtins=False) as profiler:
        for number in range(20_000):
            exec(f"def reborn():\n    return {number}\nreborn()", names)

    names.clear()
    gc.collect()
    born = [e for e in profiler.getstats() if getattr(e.code, "co_name", "") == "reborn"]
    assert len(born) == 20_000
    assert {entry.callcount for entry in born} == {1}


def test_clear_lets_go_of_the_code_that_was_counted():
    names: dict[str, object] = {}
    exec("def short_lived(): pass", names)
    code = weakref.ref(code_of(names["short_lived"]))

    with counting() as profiler:
        exec("short_lived()", names)
    names.clear()
    kept = code() is not None
    profiler.clear()

    assert kept
    assert code() is None
