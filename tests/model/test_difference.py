"""Exact differences between two moments of a session, and one thread of it alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.session import PROGRAM, MadeUpSession

from pikos.model import Context, Model, OpenCall
from pikos.model.difference import difference
from pikos.model.open_calls import include_open_calls
from pikos.model.threads import of_thread, thread_edges
from pikos.wire.codec import decode


def snapshot_of(session, **changes):
    model = Model()
    for message in session.keyframe(**{**PROGRAM, **changes}):
        model.fold(decode(message), 10.0)
    return model.snapshot()


@pytest.fixture
def before():
    return snapshot_of(MadeUpSession())


def test_nothing_came_between_a_moment_and_itself(before):
    """V2: what is open is told, with no time."""
    between = difference(before, before)

    assert between.stats == {1: (1, 0, 0, 0, 0, 0, 1), 2: (2, 0, 0, 0, 0, 0, 2)}
    assert {key: row[2:] for key, row in between.edges.items()} == dict.fromkeys(
        ((0, 1), (1, 2), (2, 2)), (0, 0, 0, 0, 1)
    )
    assert {key: row[6:] for key, row in between.contexts.items()} == {
        1: (0,) * 8,
        **dict.fromkeys((2, 3, 4), (0, 0, 0, 0, 0, 0, 0, 1)),
    }


def test_counts_of_functions_edges_and_contexts_are_taken_away():
    before = snapshot_of(MadeUpSession(), open_call=[])
    now = snapshot_of(
        MadeUpSession(),
        stat=[(2, 17, 5, 0, 4_000_000, 9_000_000), (9, 1, 0, 0, 5, 6)],
        edge=[(1, 2, 8, 0, 3_000_001, 5_000_002)],
        context=[(5, 4, 1, 3, 2, 0, 9, 0, 0, 2_000_003, 2_000_004)],
        open_call=[],
    )

    between = difference(now, before)

    assert between.stats[2][1:] == (7, 1, 0, 1_000_000, 4_000_000, 0)
    assert between.stats[9] == now.stats[9]
    assert between.edges[1, 2][2:] == (2, 0, 1, 2, 0)
    assert between.contexts[5][:6] == now.contexts[5][:6]
    assert between.contexts[5][6:] == (3, 0, 0, 3, 4, 0, 0, 0)


def test_what_was_open_before_counts_from_then_on(before):
    """V2."""
    later = [
        (*call[:4], call[4] + 5, 1, call[6] + own, call[7] and call[7] + 5, call[8] + 5, 0)
        for call, own in zip(PROGRAM["open_call"], (0, 0, 5), strict=True)
    ]

    between = difference(snapshot_of(MadeUpSession(), open_call=later), before)

    assert between.stats == {1: (1, 0, 0, 0, 0, 5, 1), 2: (2, 0, 0, 0, 5, 5, 2)}
    assert {key: row[4:6] for key, row in between.edges.items()} == {
        (0, 1): (0, 5), (1, 2): (0, 5), (2, 2): (5, 5)}  # fmt: skip
    assert [row[9:11] for row in between.contexts.values()] == [(0, 5), (0, 5), (5, 5), (0, 0)]


def test_a_call_that_returned_since_counts_from_then_on(before):
    """V2."""
    now = snapshot_of(
        MadeUpSession(),
        stat=[(1, 1, 0, 0, 5_995_000_003, 9_000_000_007)],
        open_call=[],
    )

    row = difference(now, before).stats[1]

    assert row == (1, 1, 0, 0, 3, 7, 0)


def test_contexts_that_are_gone_are_taken_from_the_fold_that_they_are_counted_in(before):
    """A merged context's calls are in the row of its edge's fold, with what came since."""
    fold = (6, 0, 1, 3, 2, 1, 6, 0, 0, 2_000_000, 2_000_000)
    then = {key: row for key, row in before.returned().contexts.items() if key != 5}
    later = Context(*fold[:6], 8, 0, 0, 2_000_003, 2_000_004)
    other = before.returned().contexts[4]._replace(id=5, function=9, callcount=1, parent=3)
    merged = replace(before.returned(), contexts={**then, 6: later})
    numbered_anew = replace(before.returned(), contexts={**then, 6: later, 5: other})
    without_a_fold = replace(before.returned(), contexts=then)

    assert [row[6:11] for row in difference(merged, before.returned()).contexts.values()] == [
        (2, 0, 0, 3, 4)
    ]
    between = difference(numbered_anew, before.returned()).contexts
    assert between[5] == other
    assert between[6][6:11] == (2, 0, 0, 3, 4)
    assert difference(without_a_fold, before.returned()).contexts == {}


def test_a_context_that_did_not_change_leads_to_those_that_did(before):
    contexts = dict(before.returned().contexts)
    contexts[5] = contexts[5]._replace(callcount=7)

    between = difference(replace(before.returned(), contexts=contexts), before.returned())

    assert {key: row.callcount for key, row in between.contexts.items()} == {
        5: 1, 4: 0, 3: 0, 2: 0, 1: 0}  # fmt: skip


@pytest.mark.parametrize("changes", [{"epoch": 1}, {"stream": b"another session!"}])
def test_nothing_is_taken_away_from_what_is_not_the_same_count(before, changes):
    now = replace(before, **changes)

    assert difference(now, before) is now


def test_one_thread_has_its_functions_edges_and_calls(before):
    returned = before.returned()
    elsewhere = returned.contexts[3]._replace(id=7, thread=2, parent=0, callcount=100)
    both = include_open_calls(
        replace(
            returned,
            contexts={**returned.contexts, 7: elsewhere},
            open_calls=(*before.open_calls, OpenCall(2, 0, 2, 7, 5, 1, 5, 5, 5)),
        )
    )

    first, second = of_thread(both, 1), of_thread(both, 2)

    assert first.stats[2] == before.stats[2]
    assert first.edges[1, 2].callcount == 6
    assert first.open_calls == before.open_calls
    assert (second.stats[2].callcount, second.stats[2].open) == (100, 1)
    assert second.stats[2].inline_ns == elsewhere.inline_ns + 5
    assert [edge[:3] for edge in second.edges.values()] == [(1, 2, 100)]


def test_the_edges_of_a_program_of_one_thread_are_those_of_the_session(before):
    edges = of_thread(before, 1).edges

    assert {key for key, edge in edges.items() if edge.callcount} == {(1, 2), (2, 2), (2, 3)}
    assert edges[1, 2] == before.edges[1, 2]._replace(inline_ns=1_002_000_000)
    assert edges[2, 3] == before.edges[2, 3]


def test_a_recursive_call_within_the_same_call_is_not_added_to_its_time(before):
    contexts = dict(before.returned().contexts)
    contexts[6] = contexts[4]._replace(id=6, parent=4, callcount=2, reccallcount=2, cumulative_ns=9)

    edge = thread_edges(contexts, 1)[2, 2]

    assert (edge.callcount, edge.reccallcount) == (6, 2)
    assert edge.cumulative_ns == contexts[4].cumulative_ns
