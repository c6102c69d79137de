"""What a snapshot says of a small program."""

from __future__ import annotations

import pytest
from support.session import PROGRAM, MadeUpSession

from pikos.model import Model, Snapshot
from pikos.model.rows import ROW_TYPES
from pikos.model.threads import of_thread, thread_stats
from pikos.model.tree import children_of
from pikos.wire import tables
from pikos.wire.codec import decode


@pytest.fixture
def snapshot():
    model = Model()
    for message in MadeUpSession().keyframe(**PROGRAM):
        model.fold(decode(message))
    return model.snapshot()


def test_every_row_type_has_the_columns_of_its_table():
    assert {
        table.name: tuple(column.name for column in table.columns) for table in tables.KNOWN_TABLES
    } == {
        name: tuple(field for field in row_type._fields if field != "open")
        for name, row_type in ROW_TYPES.items()
    }


def test_primitive_calls_and_starts_are_told(snapshot):
    work = snapshot.stats[2]._replace(resumecount=3)

    assert work.primitive_calls == 6
    assert work.starts == 7
    assert snapshot.edges[2, 2].primitive_calls == 0


def test_callers_and_callees_of_a_function_are_found(snapshot):
    assert [edge.caller for edge in snapshot.callers(2)] == [1, 2]
    assert [edge.callee for edge in snapshot.callees(2)] == [2, 3]
    assert snapshot.callers(99) == ()


def test_the_tree_hangs_together(snapshot):
    below = children_of(snapshot.contexts)

    assert [context.id for context in below(0)] == [1]
    assert [context.function for context in below(2)] == [2]
    parents = {0, *snapshot.contexts}
    assert {row.id for parent in parents for row in below(parent)} == set(snapshot.contexts)


def test_the_contexts_of_a_thread_add_up_to_its_functions(snapshot):
    assert of_thread(snapshot, 1).stats == snapshot.stats
    assert of_thread(snapshot, 2).stats == {}


def test_a_folded_context_adds_its_outermost_time(snapshot):
    contexts = snapshot.returned().contexts
    folded = contexts[4]._replace(id=6, folded=1, cumulative_ns=500)

    stats = thread_stats({**contexts, 6: folded}, 1)

    assert stats[2].cumulative_ns == 5_000_000 + 500


def test_a_snapshot_cannot_be_changed(snapshot):
    with pytest.raises(AttributeError):
        snapshot.dropped = 1


def test_an_interval_that_is_not_told_is_a_tenth_of_a_second():
    assert Snapshot().interval_s == 0.1
    assert Snapshot(facts={"interval_ns": 2_000_000_000}).interval_s == 2.0
