"""Stacks of calls of many greenlets: each is found at once, and used again."""

from __future__ import annotations

import random

import pytest

MANY = 10_000


def test_the_stack_of_one_of_many_greenlets_is_found_at_once(ledger):
    """C5: the search does not take longer the more greenlets there are."""
    function = ledger.function("work")
    for greenlet in range(1, MANY):
        ledger.switch(greenlet, greenlet)
        ledger.call(function, greenlet)

    assert ledger.stacks() == MANY - 1  # the first greenlet has no open call, and needs none
    assert ledger.longest_search() < 12
    for greenlet in range(1, MANY):
        ledger.switch(greenlet, MANY)
        assert ledger.depth() == 1
        ledger.leave(MANY)
    assert ledger.calls() == MANY - 1


def test_stacks_of_greenlets_that_have_ended_are_used_again(ledger):
    function = ledger.function("work")
    for greenlet in range(1, 2 * MANY):
        ledger.switch(greenlet, greenlet)
        ledger.call(function, greenlet)
        ledger.leave(greenlet)

    assert ledger.stacks() == 2
    assert ledger.longest_search() == 1


@pytest.mark.parametrize("seed", range(6))
def test_each_greenlet_finds_its_own_stack_again(ledger, seed):
    """Also after all calls were left, and when others take the place of those that have ended."""
    chance = random.Random(seed)
    functions = [ledger.function(name) for name in "abc"]
    depths, most, running, calls = {}, 1, 0, 0
    for now in range(1, 20_000):
        kind = chance.random()
        depth = depths.get(running, 0)
        if kind < 0.4:
            running = chance.randrange(2 ** chance.randrange(1, 11))
            ledger.switch(running, now)
        elif kind < 0.401:
            ledger.leave_all(now)
            calls += sum(depths.values())
            depths.clear()
            running = 0  # the driver takes the running stack for this one
        elif depth == 0 or (kind < 0.65 and depth < 5):
            ledger.call(chance.choice(functions), now)
            depths[running] = depth + 1
        else:
            for _ in range(chance.choice([1, depth])):
                ledger.leave(now)
                calls += 1
                depths[running] -= 1
        assert ledger.depth() == depths.get(running, 0)
        most = max(most, sum(depth > 0 for depth in depths.values()) + 2)
        assert ledger.stacks() <= most

    assert ledger.calls() == calls


def test_for_want_of_memory_the_stack_stays_as_it_is(leaf, ledger):
    function = ledger.function("work")
    ledger.call(function, 1)
    leaf.driver_fail_allocation(0)

    failed = leaf.driver_switch(ledger.driver, 1, 2)
    depth = ledger.depth()
    ledger.switch(1, 3)

    assert (failed, depth, ledger.depth()) == (-1, 1, 0)
    ledger.switch(0, 4)
    assert ledger.depth() == 1
