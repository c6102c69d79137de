"""In which context each call is counted, whatever was called before it."""

from __future__ import annotations

import collections
import dataclasses
import random

import pytest
from heard import tables_of

LIMIT = 60


class Tree:
    """What the ledger should count, found without guesses.

    A context is the path of functions that leads to it; past the limit an edge stands for all.
    """

    def __init__(self, limit):
        self.limit = limit
        self.known = {}
        self.contexts = 0
        self.calls = collections.Counter()
        self.stack = [()]

    def call(self, function):
        parent = self.stack[-1]
        if (parent, function) not in self.known:
            self.known[parent, function] = self._new(parent, function)
        self.stack.append(self.known[parent, function])

    def _new(self, parent, function):
        if isinstance(parent, Fold) or self.contexts == self.limit:
            return Fold(function_of(parent), function)
        self.contexts += 1
        return (*parent, function)

    def leave(self):
        self.calls[self.stack.pop()] += 1


@dataclasses.dataclass(frozen=True)
class Fold:
    """All calls of an edge past the limit."""

    caller: int
    callee: int


def function_of(context):
    if isinstance(context, Fold):
        return context.callee
    return context[-1] if context else 0


def told(tables):
    """The calls that a keyframe tells, as Tree has them."""
    rows = {row["id"]: row for row in tables["context"]}

    def path(row):
        return (*path(rows[row["parent"]]), row["function"]) if row["function"] else ()

    return {
        Fold(row["caller"], row["function"]) if row["folded"] else path(row): row["callcount"]
        for row in rows.values()
        if row["callcount"]
    }


def steps(seed, functions):
    """Calls and returns: in circles, again and again, or anything; None is a return."""
    chance = random.Random(seed)
    depth = 0
    for _ in range(400):
        circle = chance.sample(functions, chance.randint(1, len(functions)))
        for _ in range(chance.randint(1, 3)):
            for function in circle:
                yield function
                depth += 1
                while depth > 0 and chance.random() < (0.9 if depth > 2 else 0.5):
                    yield None
                    depth -= 1
    yield from [None] * depth


@pytest.mark.parametrize("seed", range(8))
def test_each_call_is_counted_in_its_context(ledger, publish, viewers, seed):
    functions = [ledger.function(f"function_{number}") for number in range(5)]
    ledger.limit_tree(LIMIT)
    tree = Tree(LIMIT)
    for now, function in enumerate(steps(seed, functions)):
        if function is None:
            ledger.leave(now)
            tree.leave()
        else:
            ledger.call(function, now)
            tree.call(function)

    assert told(tables_of(viewers(publish(ledger).endpoint).keyframe())) == tree.calls
    assert any(isinstance(context, Fold) for context in tree.calls)
    assert tree.contexts == LIMIT
