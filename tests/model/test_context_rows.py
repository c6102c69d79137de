"""Contexts in pages of numbers are what a plain dictionary of rows would be."""

from __future__ import annotations

import tracemalloc
from array import array

import pytest
from hypothesis import given, strategies as st

from pikos.model import Context
from pikos.model.context_rows import PAGE_BITS, ContextRows
from pikos.model.edge_sums import edge_sums
from pikos.model.lazy import changed_keys
from pikos.model.table import ROW_WEIGHT, TableRows
from pikos.model.threads import thread_edges, thread_stats, thread_totals
from pikos.model.tree import children_of, folds_of
from pikos.wire.messages import Block
from pikos.wire.tables import CONTEXT

PAGE = 1 << PAGE_BITS
IDS = st.one_of(
    st.integers(0, 8),
    st.integers(PAGE - 3, PAGE + 3),
    st.sampled_from([-(2**63), -1, 2**40, 2**63 - 1]),
)
COUNTS = st.one_of(st.integers(0, 3), st.sampled_from([-(2**63), 2**63 - 1]))
ROWS = st.builds(
    Context,
    id=IDS,
    parent=IDS,
    thread=st.integers(1, 2),
    function=st.integers(0, 3),
    caller=st.integers(0, 3),
    folded=st.sampled_from([0, 0, 0, 1]),
    callcount=COUNTS,
    reccallcount=st.integers(0, 1),
    resumecount=COUNTS,
    inline_ns=COUNTS,
    cumulative_ns=COUNTS,
    merged_contexts=st.integers(0, 1),
    merged_ns=st.integers(0, 1),
    open=st.just(0),
)
BLOCKS = st.lists(st.lists(ROWS, max_size=6), min_size=1, max_size=8)


def block_of(rows):
    """Rows as a decoder would make them."""
    block = Block.of(CONTEXT, [row[: len(CONTEXT.columns)] for row in rows])
    return Block(CONTEXT, {name: array("q", values) for name, values in block.columns.items()})


def moments(blocks):
    """What there is after each block, and the same as a plain dictionary."""
    rows, plain = ContextRows(), {}
    for block in blocks:
        rows = rows.and_then(block_of(block))
        plain = plain | {row.id: row for row in block}
        yield rows, plain


@given(BLOCKS)
def test_each_moment_stays_what_it_was(blocks):
    for rows, plain in list(moments(blocks)):
        assert dict(rows.items()) == rows.rows == plain
        assert list(rows) == list(rows.keys()) == sorted(plain)
        assert list(rows.values()) == [plain[number] for number in sorted(plain)]
        assert len(rows) == len(plain)
        for number in (0, 5, PAGE, -1, 2**63 - 1):
            assert rows.get(number) == plain.get(number)
            assert (number in rows) == (number in plain)


@given(BLOCKS, st.data())
def test_whatever_changed_between_two_moments_is_found(blocks, data):
    seen = list(moments(blocks))
    (now, plain_now), (before, plain_before) = (
        data.draw(st.sampled_from(seen)),
        data.draw(st.sampled_from(seen)),
    )
    differ = {n for n, row in plain_now.items() if plain_before.get(n) != row}

    assert set(changed_keys(now, before)) == differ
    assert set(changed_keys(now, plain_before)) >= differ
    assert set(changed_keys(plain_now, before)) >= differ


@given(BLOCKS, st.randoms())
def test_children_and_folds_are_found_at_each_moment_in_any_order(blocks, random):
    seen = list(moments(blocks))
    random.shuffle(seen)
    for rows, plain in seen:
        children, plain_children = children_of(rows), children_of(plain)
        for parent in {0, 1, *(row.parent for row in plain.values())}:
            assert sorted(children(parent)) == sorted(plain_children(parent))
        assert sorted(folds_of(rows)) == sorted(folds_of(plain))


@given(BLOCKS, st.randoms())
def test_sums_by_thread_are_those_of_the_rows_at_each_moment_in_any_order(blocks, random):
    blocks = [
        [row._replace(callcount=row.callcount % 9, inline_ns=3, cumulative_ns=5, resumecount=1,
                      parent=row.parent if row.parent < row.id else 0)
         for row in block] for block in blocks
    ]  # fmt: skip
    seen = list(moments(blocks))
    random.shuffle(seen)
    for rows, plain in seen:
        for thread in (1, 2):
            alone = {n: row for n, row in plain.items() if row.thread == thread}
            assert dict(rows.of_thread(thread)) == alone
            total = thread_totals(rows).get(thread, (0, 0))
            assert total == (sum(row.callcount for row in alone.values()), 3 * len(alone))
            assert total == thread_totals(plain).get(thread, (0, 0))
            for sums in (thread_stats, thread_edges):
                # What adds up to nothing may be left out.
                found, wanted = sums(rows, thread), sums(plain, thread)
                assert found == {key: row for key, row in wanted.items() if key in found}
                assert not any(any(wanted[key][2:]) for key in wanted.keys() - found.keys())


@given(BLOCKS)
def test_sums_of_made_up_counts_never_raise(blocks):
    for rows, _ in moments(blocks):
        assert isinstance(rows.sums(), dict)


def chain(count, calls=1):
    """So many contexts, each called by the one before."""
    return [
        Context(n, n - 1, 1, 1 + n % 7, n and 1 + (n - 1) % 7, 0, calls, 0, 0, n, n)
        for n in range(1, count + 1)
    ]


def test_a_page_that_did_not_change_is_shared():
    rows = ContextRows().and_then(block_of(chain(10 * PAGE)))
    last = chain(10 * PAGE)[-1]

    after = rows.and_then(block_of([last._replace(callcount=2)]))

    others = rows.pages.keys() - {last.id >> PAGE_BITS}
    assert len(others) == 10
    assert all(after.pages[number] is rows.pages[number] for number in others)
    assert list(changed_keys(after, rows)) == [last.id]


def test_a_keyframe_that_repeats_what_is_known_changes_no_page():
    rows = ContextRows().and_then(block_of(chain(3 * PAGE)))

    again = rows.and_then(block_of(chain(3 * PAGE)))

    assert all(again.pages[number] is page for number, page in rows.pages.items())


@pytest.mark.parametrize("ends", ["at the end", "between"])
def test_children_that_come_later_are_found(ends):
    told = chain(5 * PAGE)
    late = told[-3:] if ends == "at the end" else told[PAGE : PAGE + 3]
    rows = ContextRows().and_then(block_of([row for row in told if row not in late]))
    assert children_of(rows)(late[0].parent) == []

    rows = rows.and_then(block_of(late))

    assert children_of(rows)(late[0].parent) == late[:1]
    assert children_of(rows)(late[1].parent) == late[1:2]


def test_callers_that_come_late_are_taken_into_account_by_sums_of_edges():
    told = chain(2 * PAGE)
    rows = ContextRows()
    for part in (told[PAGE:], told[:PAGE]):
        rows = rows.and_then(block_of([row._replace(reccallcount=1) for row in part]))
        plain = dict(rows.items())
        assert rows.sums() == edge_sums(plain.values(), plain)


def test_contexts_take_little_memory():
    """A row is 13 numbers of 8 bytes; a tuple of them would take four times as much."""
    count = 200_000
    blocks = [block_of(chain(count)[at : at + 20_000]) for at in range(0, count, 20_000)]
    table = TableRows(CONTEXT)
    tracemalloc.start()
    try:
        for block in blocks:
            table.fold(block, first=True)
        rows = table.mapping()
        assert len(rows) == count
        kept, _ = tracemalloc.get_traced_memory()
        assert len(children_of(rows)(0)) == 1
        indexed, _ = tracemalloc.get_traced_memory()
        for value in range(2, 6):  # what changes takes the place of what was
            table.fold(block_of(chain(1000, value)), first=True)
        changed, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 120 * count
    assert indexed < 150 * count
    assert changed < 160 * count
    assert kept < ROW_WEIGHT * count
