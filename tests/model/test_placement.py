"""The time in no full stack stands where a plain search of all contexts would place it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings, strategies as st
from model.test_context_rows import BLOCKS, block_of, moments

from pikos.model import Context, OpenCall, Snapshot
from pikos.model.context_rows import PAGE_BITS, ContextRows
from pikos.model.difference import difference
from pikos.model.open_calls import include_open_calls
from pikos.model.threads import of_thread
from pikos.model.unstacked import UNSTACKED, full_tree

PAGE = 1 << PAGE_BITS
THREADS, FUNCTIONS = (1, 2), (1, 2, 3, 4)


def placed_slowly(contexts):
    """Place time below contexts, by the ids of these, as the definition says."""
    left = defaultdict(int)
    for row in contexts.values():
        if row.folded:
            left[row.thread] += max(0, row.inline_ns)
    callers = {(row.thread, row.caller) for row in contexts.values() if row.folded}
    placed, roots = {}, {}
    for row in contexts.values():
        if row.folded:
            continue
        if not row.function:
            roots.setdefault(row.thread, row.id)
            continue
        missing_ns = row.merged_ns
        if (row.thread, row.function) in callers:
            called = [child for child in contexts.values() if child.parent == row.id]
            gap_ns = row.cumulative_ns - row.inline_ns - sum(c.cumulative_ns for c in called)
            if gap_ns > len(called) + 2:
                missing_ns = max(missing_ns, gap_ns)
        missing_ns = max(0, min(missing_ns, left[row.thread]))
        left[row.thread] -= missing_ns
        placed[row.id] = missing_ns
    placed.update((number, left[thread]) for thread, number in roots.items())
    return {number: ns for number, ns in placed.items() if ns}


def placed(snapshot):
    """The same, as views and exports have it."""
    below = full_tree(snapshot)
    return {
        number: row.inline_ns
        for number in snapshot.contexts
        for row in below(number)
        if row.function == UNSTACKED
    }


class Simulation:
    """A program whose calling-context tree has a bound, and the rows that its publisher sends.

    Parameters
    ----------
    random
        Decides what it does.
    bound
        Contexts that it may have.

    """

    def __init__(self, random, bound):
        self.random = random
        self.bound = bound
        self.rows = {}
        self.changed = set()
        self.places = {}
        self.free = []
        self.next_id = random.randrange(1, 2 * PAGE)
        for thread in THREADS:
            self.put(Context(self.new_id(), 0, thread, 0, 0, 0, 0, 0, 0, 0, 0))

    def new_id(self):
        """Ids rise, and some pages have few; those of merged contexts are used again."""
        if self.free and self.random.random() < 0.5:
            return self.free.pop()
        self.next_id += self.random.choice((1, 1, 1, 7, PAGE - 3))
        return self.next_id

    def put(self, row):
        self.rows[row.id] = row
        self.places[row.parent, row.thread, row.caller, row.function, row.folded] = row.id
        self.changed.add(row.id)

    def row(self, parent, thread, caller, function):
        """The context of a call; its fold if there is room for no more."""
        number = parent and self.places.get((parent, thread, caller, function, 0))
        if not number and parent and len(self.rows) < self.bound:
            number = self.new_id()
            self.put(Context(number, parent, thread, function, caller, 0, 0, 0, 0, 0, 0))
        if not number:
            parent = 0
            number = self.places.get((0, thread, caller, function, 1))
            if not number:
                number = self.new_id()
                self.put(Context(number, 0, thread, function, caller, 1, 0, 0, 0, 0, 0))
        return self.rows[number]

    def call(self, parent, thread, caller, depth=0):
        """Make a call, and what it calls; returns how long it took."""
        function = self.random.choice(FUNCTIONS)
        row = self.row(parent, thread, caller, function)
        here = 0 if row.folded else row.id
        inner_ns = 0
        while depth < 5 and self.random.random() < 0.6:
            inner_ns += self.call(here, thread, function, depth + 1)
        own_ns = self.random.choice((0, 5, 40, 1000))
        row = self.rows[row.id]
        self.put(
            row._replace(
                callcount=row.callcount + 1,
                inline_ns=row.inline_ns + own_ns,
                # Each sum is rounded on its own.
                cumulative_ns=row.cumulative_ns + own_ns + inner_ns + self.random.choice((0, 0, 1)),
            )
        )
        return own_ns + inner_ns

    def merge(self):
        """Merge a context that called nothing into its parent: its counters go to a fold."""
        parents = {row.parent for row in self.rows.values()}
        leaves = [
            row for row in self.rows.values()
            if row.function and not row.folded and row.id not in parents
        ]  # fmt: skip
        if not leaves:
            return
        leaf = self.random.choice(leaves)
        del self.rows[leaf.id], self.places[leaf.parent, leaf.thread, leaf.caller, leaf.function, 0]
        self.changed.discard(leaf.id)
        self.free.append(leaf.id)
        parent = self.rows[leaf.parent]
        self.put(
            parent._replace(
                merged_contexts=parent.merged_contexts + leaf.merged_contexts + 1,
                merged_ns=parent.merged_ns + leaf.merged_ns + leaf.inline_ns,
            )
        )
        fold = self.row(0, leaf.thread, leaf.caller, leaf.function)
        self.put(
            fold._replace(
                callcount=fold.callcount + leaf.callcount,
                inline_ns=fold.inline_ns + leaf.inline_ns,
                cumulative_ns=fold.cumulative_ns + leaf.cumulative_ns,
            )
        )

    def open_calls(self):
        """A stack of open calls, or none."""
        row = self.random.choice([*self.rows.values()])
        stack = []
        while row is not None and row.function:
            stack.append(row)
            row = self.rows.get(row.parent)
        ages = sorted((self.random.randrange(2000) for _ in stack), reverse=True)
        own = [age - inner for age, inner in zip(ages, [*ages[1:], 0], strict=False)]
        return tuple(
            OpenCall(row.thread, depth, row.function, row.id, ages[depth], 1, own[depth],
                     ages[depth], ages[depth], 0)
            for depth, row in enumerate(reversed(stack))
        )  # fmt: skip

    def act(self):
        """Do something for a while; returns whether contexts have gone."""
        for _ in range(self.random.randrange(4)):
            thread = self.random.choice(THREADS)
            root = self.places[0, thread, 0, 0, 0]
            self.call(root, thread, 0)
        if self.random.random() < 0.3:
            self.bound += self.random.randrange(10)
        merges = self.random.choice((0, 0, 0, 1, 3))
        for _ in range(merges):
            self.merge()
        return merges > 0

    def moments(self, count):
        """Rows as a viewer has them, and its snapshots."""
        rows = ContextRows()
        for _ in range(count):
            if self.act():  # a keyframe begins anew
                rows = ContextRows()
                self.changed = set(self.rows)
            sent = [self.rows[number] for number in sorted(self.changed)]
            self.changed.clear()
            if sent:
                rows = rows.and_then(block_of(sent))
            assert dict(rows.items()) == self.rows
            yield include_open_calls(
                Snapshot(stream=b"s", contexts=rows, open_calls=self.open_calls())
            )


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 40), st.integers(1, 6))
def test_time_stands_where_a_plain_search_places_it(seed, bound, count):
    """All threads or one, with open calls and without, all of it or what came since a moment."""
    random = Random(seed)
    snapshots = list(Simulation(random, bound).moments(count))
    order = snapshots * 2
    random.shuffle(order)
    for snapshot in order:  # a reader of a recording goes back, too
        other = random.choice(snapshots)
        for seen in (
            snapshot,
            snapshot.returned(),
            of_thread(snapshot, 1),
            difference(snapshot, other),
            difference(of_thread(snapshot, 2), of_thread(other, 2)),
            replace(snapshot, contexts=dict(snapshot.contexts)),
        ):
            assert placed(seen) == placed_slowly(dict(seen.contexts))


def test_simulated_programs_have_all_that_is_to_be_placed():
    """The test above would say nothing without."""
    reached = set()
    for seed in range(60):
        for snapshot in Simulation(Random(seed), 12).moments(4):
            contexts = dict(snapshot.contexts)
            found = placed_slowly(contexts)
            left = sum(row.inline_ns for row in contexts.values() if row.folded)
            roots = {number for number in found if not contexts[number].function}
            reached |= {
                "below calls" if found.keys() - roots else "",
                "below a root" if roots else "",
                "all of it" if left and sum(found.values()) == left and not roots else "",
                "merged" if any(contexts[number].merged_ns for number in found) else "",
                "open" if any(contexts[number].open for number in found) else "",
            }
    assert reached >= {"below calls", "below a root", "all of it", "merged", "open"}


@given(BLOCKS)
def test_made_up_rows_never_raise(blocks):
    for rows, plain in moments(blocks):
        for contexts in (rows, plain):
            assert all(ns > 0 for ns in placed(Snapshot(contexts=contexts)).values())


def wide(count, fold_ns):
    """So many calls by one function, each with one folded call below; a fold of all of these."""
    rows = [
        Context(1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        Context(2, 1, 1, 1, 0, 0, 1, 0, 0, 0, 100 * count),
    ]
    rows += [
        Context(n, 2, 1, 2, 1, 0, 1, 0, 0, 10, 100) for n in range(3, count + 3)
    ]  # fmt: skip
    return [*rows, Context(count + 3, 0, 1, 3, 2, 1, count, 0, 0, fold_ns, fold_ns)]


@pytest.mark.parametrize("fold_ns", [90 * 5000, 90 * 5000 - 7, 90 * 3000 + 1, 90 * 5000 + 7])
def test_time_that_runs_out_is_placed_in_the_order_of_the_contexts(fold_ns):
    rows = ContextRows().and_then(block_of(wide(5000, fold_ns)))

    found = placed(Snapshot(contexts=rows))

    assert sum(found.values()) == fold_ns
    wanted = {number: min(90, fold_ns - 90 * (number - 3)) for number in range(3, 5003)}
    wanted[1] = fold_ns - 90 * 5000
    assert found == {number: ns for number, ns in wanted.items() if ns > 0}


def test_only_pages_that_changed_are_looked_at(monkeypatch):
    told = wide(10 * PAGE, 90 * 10 * PAGE)
    rows = ContextRows().and_then(block_of(told))
    before = placed(Snapshot(contexts=rows))
    looked_at = []
    page_type = type(next(iter(rows.pages.values())))
    columns = page_type.columns
    monkeypatch.setattr(
        page_type,
        "columns",
        lambda page, *names: (looked_at.append(page), columns(page, *names))[1],
    )
    late = told[5 * PAGE]._replace(cumulative_ns=200)

    after = rows.and_then(block_of([late]))
    below = full_tree(Snapshot(contexts=after))

    assert before[late.id] == 90
    assert below(late.id)[0].inline_ns == 190
    changed = {after.pages[late.id >> PAGE_BITS], after.pages[late.parent >> PAGE_BITS]}
    assert set(looked_at) == changed
