"""Exact differences between two moments of a session, and one thread of it alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.session import PROGRAM, MadeUpSession

from pikos.model import Model, OpenCall
from pikos.model.difference import difference
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
    between = difference(before, before)

    assert between.edges == {}
    assert between.stats == {
        1: (1, 0, 0, 0, 0, -9_000_000_000),
        2: (2, 0, 0, 0, 0, -3_000_000_000),
    }
    assert sum(between.open_ages_ns().values()) == 12_000_000_000


def test_counts_of_functions_edges_and_contexts_are_taken_away(before):
    now = snapshot_of(
        MadeUpSession(),
        stat=[(2, 17, 5, 0, 4_000_000, 9_000_000), (9, 1, 0, 0, 5, 6)],
        edge=[(1, 2, 8, 0, 3_000_001, 5_000_002)],
        context=[(5, 4, 1, 3, 2, 0, 9, 0, 0, 2_000_003, 2_000_004)],
        open_call=[],
    )

    between = difference(now, before)

    assert between.stats[2][1:] == (7, 1, 0, 1_000_000, 4_000_000 - 3_000_000_000)
    assert between.stats[9] == now.stats[9]
    assert between.edges[1, 2][2:] == (2, 0, 1, 2)
    assert between.contexts[5][:6] == now.contexts[5][:6]
    assert between.contexts[5][6:] == (3, 0, 0, 3, 4, 0, 0)


def test_what_was_open_before_counts_from_then_on(before):
    later = tuple(call._replace(age_ns=call.age_ns + 5) for call in before.open_calls)

    between = difference(replace(before, open_calls=later), before)

    ages = between.open_ages_ns()
    assert between.stats[1].cumulative_ns + ages[1] == 5


@pytest.mark.parametrize("changes", [{"epoch": 1}, {"stream": b"another session!"}])
def test_nothing_is_taken_away_from_what_is_not_the_same_count(before, changes):
    now = replace(before, **changes)

    assert difference(now, before) is now


def test_one_thread_has_its_functions_edges_and_calls(before):
    elsewhere = before.contexts[3]._replace(id=7, thread=2, parent=0, callcount=100)
    both = replace(
        before,
        contexts={**before.contexts, 7: elsewhere},
        open_calls=(*before.open_calls, OpenCall(2, 0, 2, 7, 5)),
    )

    first, second = of_thread(both, 1), of_thread(both, 2)

    assert first.stats[2].callcount == 10
    assert thread_edges(first)[1, 2].callcount == 6
    assert first.open_calls == before.open_calls
    assert second.stats[2].callcount == 100
    assert [edge[:3] for edge in thread_edges(second).values()] == [(1, 2, 100)]


def test_the_edges_of_a_program_of_one_thread_are_those_of_the_session(before):
    edges = thread_edges(of_thread(before, 1))

    assert {key: edge for key, edge in edges.items() if edge.callcount}.keys() == {
        (1, 2), (2, 2), (2, 3)}  # fmt: skip
    assert edges[1, 2] == before.edges[1, 2]._replace(inline_ns=2_000_000)
    assert edges[2, 3] == before.edges[2, 3]


def test_a_recursive_call_within_the_same_call_is_not_added_to_its_time(before):
    contexts = dict(before.contexts)
    contexts[6] = contexts[4]._replace(id=6, parent=4, callcount=2, reccallcount=2, cumulative_ns=9)

    edge = thread_edges(of_thread(replace(before, contexts=contexts), 1))[2, 2]

    assert (edge.callcount, edge.reccallcount) == (6, 2)
    assert edge.cumulative_ns == contexts[4].cumulative_ns
