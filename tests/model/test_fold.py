"""Messages folded into states."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from support.session import PROGRAM, MadeUpSession

from pikos.model import Model
from pikos.wire import tables
from pikos.wire.codec import Stamp, decode, encode_hello, encode_rows
from pikos.wire.messages import Block
from pikos.wire.tables import Column, Table


@pytest.fixture
def made_up():
    return MadeUpSession()


@pytest.fixture
def model():
    return Model()


def fold(model, *messages, declared=None, now=0.0):
    for message in messages:
        model.fold(decode(message, declared), now)
    return model.snapshot()


def test_a_model_that_heard_nothing_has_an_empty_snapshot(model):
    assert model.snapshot().stream == b""
    assert not model.snapshot().complete


def test_a_keyframe_is_the_whole_state(model, made_up):
    snapshot = fold(model, *made_up.keyframe(**PROGRAM))

    assert snapshot.complete
    assert [tuple(row) for row in snapshot.functions.values()] == PROGRAM["function"]
    assert [row[:6] for row in snapshot.returned().stats.values()] == PROGRAM["stat"]
    assert [row[:6] for row in snapshot.returned().edges.values()] == PROGRAM["edge"]
    assert [row[:11] for row in snapshot.returned().contexts.values()] == PROGRAM["context"]
    assert [tuple(row) for row in snapshot.open_calls] == PROGRAM["open_call"]
    assert [tuple(row) for row in snapshot.threads.values()] == PROGRAM["thread"]
    assert snapshot.session[:14] == PROGRAM["session"][0]
    assert snapshot.facts["pid"] == 4242


def test_an_upserted_row_takes_the_place_of_the_one_with_its_key(model, made_up):
    fold(model, made_up.rows(stat=[(1, 1, 0, 0, 1, 1), (2, 1, 0, 0, 1, 1)]))

    snapshot = fold(model, made_up.rows(stat=[(2, 5, 0, 0, 9, 9)]))

    assert snapshot.stats[1].callcount == 1
    assert snapshot.stats[2].callcount == 5


def test_the_rows_of_a_replaced_table_are_those_of_the_last_message_that_has_it(model, made_up):
    fold(model, made_up.rows(open_call=[(1, 0, 1, 1, 5), (1, 1, 2, 2, 4)]))

    assert len(fold(model, made_up.rows(stat=[])).open_calls) == 2
    assert fold(model, made_up.rows(open_call=[(1, 0, 1, 1, 6)])).open_calls[0].age_ns == 6
    assert fold(model, made_up.rows(open_call=[])).open_calls == ()


def test_a_replaced_table_may_come_in_several_blocks_of_one_message(model, made_up):
    block = Block.of(tables.OPEN_CALL, [(1, 0, 1, 1, 5)])

    snapshot = fold(model, encode_rows(made_up.stamp(), [block, block]))

    assert len(snapshot.open_calls) == 2


def test_a_keyframe_has_all_contexts_that_there_are(model, made_up):
    """R1: one that was merged since is gone, and its id may be another's."""
    before = fold(model, *made_up.keyframe(**PROGRAM))
    kept = [row for row in PROGRAM["context"] if row[0] < 3]

    snapshot = fold(model, *made_up.keyframe(**PROGRAM | {"context": kept}))

    assert list(snapshot.contexts) == [row[0] for row in kept]
    assert len(snapshot.contexts) == len(kept)
    assert dict(snapshot.stats) == dict(before.stats)


def test_an_older_snapshot_does_not_change(model, made_up):
    before = fold(model, *made_up.keyframe(**PROGRAM))

    fold(model, made_up.rows(stat=[(2, 99, 0, 0, 0, 0)], open_call=[]))

    assert before.stats[2].callcount == 10
    assert len(before.open_calls) == 3


def test_a_new_epoch_empties_the_tables(model, made_up):
    fold(model, *made_up.keyframe(**PROGRAM))

    made_up.epoch = 1
    snapshot = fold(model, made_up.rows(stat=[(3, 1, 0, 0, 1, 1)]))

    assert list(snapshot.stats) == [3]
    assert not snapshot.functions
    assert not snapshot.open_calls
    assert snapshot.epoch == 1


def test_what_was_dropped_is_counted_and_makes_the_state_incomplete(model, made_up):
    fold(model, *made_up.keyframe(**PROGRAM))

    lost = [made_up.rows(stat=[]) for _ in range(3)]
    snapshot = fold(model, made_up.rows(stat=[]))

    assert snapshot.dropped == len(lost)
    assert not snapshot.complete
    assert fold(model, *made_up.keyframe(**PROGRAM)).complete


def test_a_keyframe_with_a_gap_is_not_the_whole_state(model, made_up):
    messages = made_up.keyframe(**PROGRAM)

    snapshot = fold(model, *messages[:2], *messages[3:])

    assert snapshot.dropped == 1
    assert not snapshot.complete


def test_the_end_of_a_keyframe_made_for_somebody_else_is_not_the_whole_state(model, made_up):
    assert not fold(model, *made_up.keyframe(**PROGRAM)[3:]).complete


def test_an_old_message_is_no_news(model, made_up):
    old = made_up.rows(stat=[(1, 1, 0, 0, 0, 0)])
    fold(model, made_up.rows(stat=[(1, 2, 0, 0, 0, 0)]))

    snapshot = fold(model, old)

    assert snapshot.stats[1].callcount == 2
    assert snapshot.messages == 1
    assert snapshot.dropped == 0


def test_a_goodbye_stays_until_the_session_goes_on(model, made_up):
    assert fold(model, made_up.bye("the end")).ended == "the end"
    assert fold(model, made_up.hello()).ended is None


def test_data_has_an_age_and_is_stale_after_three_intervals(model, made_up):
    snapshot = fold(model, *made_up.keyframe(**PROGRAM), now=100.0)

    assert snapshot.age_s(100.25) == 0.25
    assert not snapshot.stale(100.29)
    assert snapshot.stale(100.31)
    assert not fold(model, made_up.bye(), now=101.0).stale(200.0)


def test_sessions_are_kept_apart(model):
    """B20."""
    one, two = MadeUpSession(b"1" * 16), MadeUpSession(b"2" * 16)

    fold(model, one.rows(stat=[(1, 1, 0, 0, 0, 0)]), two.rows(stat=[(1, 2, 0, 0, 0, 0)]))

    assert model.snapshot(b"1" * 16).stats[1].callcount == 1
    assert model.snapshot(b"2" * 16).stats[1].callcount == 2
    assert model.snapshot().stream == b"2" * 16


def test_of_ten_thousand_sessions_the_latest_64_are_kept(model):
    """B20."""
    for number in range(10_000):
        fold(model, MadeUpSession(number.to_bytes(16, "big")).rows(stat=[(1, 1, 0, 0, 0, 0)]))

    assert len(model.streams) == 64
    assert model.streams[-1] == (9_999).to_bytes(16, "big")
    assert model.forgotten == 10_000 - 64


def test_a_session_that_goes_on_speaking_is_not_forgotten(model):
    faithful = MadeUpSession(b"f" * 16)

    for number in range(200):
        fold(model, faithful.rows(stat=[(1, number, 0, 0, 0, 0)]))
        fold(model, MadeUpSession(number.to_bytes(16, "big")).rows(stat=[]))

    assert model.snapshot(b"f" * 16).stats[1].callcount == 199


def test_a_full_model_keeps_what_it_knows_fresh_and_says_what_it_refused(made_up):
    model = Model(weight_max=200_000)
    known = [(number, 1, 0, 0, 0, 0) for number in range(500)]
    fold(model, made_up.rows(stat=known))

    fold(model, made_up.rows(stat=[(number, 2, 0, 0, 0, 0) for number in range(1000)]))
    snapshot = fold(model, made_up.rows(function=[(1, 0, 1, "f", "f", "f.py")]))

    assert len(snapshot.stats) == 500
    assert snapshot.stats[7].callcount == 2
    assert snapshot.refused_rows == 501
    assert not snapshot.functions


def test_rows_that_take_the_place_of_others_do_not_fill_a_model(made_up):
    model = Model(weight_max=200_000)

    for round_ in range(100):
        fold(model, made_up.rows(stat=[(number, round_, 0, 0, 0, 0) for number in range(100)]))

    assert model.snapshot().refused_rows == 0
    assert model.snapshot().stats[99].callcount == 99


def test_a_full_session_takes_rows_again_after_a_new_epoch(made_up):
    model = Model(weight_max=100_000)
    fold(model, made_up.rows(stat=[(number, 1, 0, 0, 0, 0) for number in range(1000)]))
    made_up.epoch = 1

    snapshot = fold(model, made_up.rows(stat=[(1, 1, 0, 0, 0, 0)]))

    assert list(snapshot.stats) == [1]


def test_columns_that_are_missing_are_zero_or_empty(model, made_up):
    narrow = tables.FUNCTION._replace(columns=tables.FUNCTION.columns[:2])

    snapshot = fold(
        model, encode_rows(made_up.stamp(), [Block.of(narrow, [(7, 0)])]), declared=[narrow]
    )

    assert snapshot.functions[7].line == 0
    assert snapshot.functions[7].file == ""


def test_columns_in_another_order_are_told_apart_by_name(model, made_up):
    turned = tables.STAT._replace(columns=tables.STAT.columns[::-1])

    snapshot = fold(
        model,
        encode_rows(made_up.stamp(), [Block.of(turned, [(6, 5, 4, 3, 2, 1)])]),
        declared=[turned],
    )

    assert tuple(snapshot.stats[1]) == (1, 2, 3, 4, 5, 6, 0)


RECORD = Table(40, "Record", "append", (), (Column("name", "str"), Column("x", "f64")))


def test_appended_rows_of_other_tables_are_kept_up_to_a_bound(model, made_up):
    """B20."""
    for start in range(0, 30_000, 10):
        block = Block.of(RECORD, [(str(start + at), 0.5) for at in range(10)])
        snapshot = fold(model, encode_rows(made_up.stamp(), [block]), declared=[RECORD])

    assert len(snapshot.others["Record"]) == 10_000
    assert snapshot.others["Record"][-1] == ("29999", 0.5)


def test_a_table_that_is_declared_anew_starts_over(model, made_up):
    keyed = RECORD._replace(mode="upsert", key=("name",))
    block, keyed_block = (Block.of(table, [("a", 1.0)]) for table in (RECORD, keyed))
    fold(model, encode_rows(made_up.stamp(), [block, block]), declared=[RECORD])

    snapshot = fold(model, encode_rows(made_up.stamp(), [keyed_block] * 2), declared=[keyed])

    assert snapshot.others["Record"] == (("a", 1.0),)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_received_and_dropped_are_all_that_was_sent(sequences):
    heard = sorted(set(sequences))
    model = Model()

    for sequence in heard:
        model.fold(decode(encode_rows(Stamp(bytes(16), sequence, 0), [])))

    snapshot = model.snapshot()
    assert snapshot.messages + snapshot.dropped == heard[-1] - heard[0] + 1


@given(st.sets(st.integers(0, 5)))
def test_a_state_is_whole_only_after_an_unbroken_keyframe(lost):
    made_up = MadeUpSession()
    messages = [*made_up.keyframe(function=[], stat=[], edge=[]), made_up.rows(), made_up.rows()]
    model = Model()

    for at in range(6):
        if at not in lost:
            model.fold(decode(messages[at]))

    last = max((at for at in range(6) if at not in lost), default=-1)
    unbroken = not any(at in lost for at in range(last + 1))
    assert model.snapshot().complete == (unbroken and last >= 3)


def test_a_hello_whose_session_counts_anew_is_heard(model):
    message = encode_hello(Stamp(bytes(16), 900, 0), {})
    again = encode_hello(Stamp(bytes(16), 0, 0), {"pid": 5})

    snapshot = fold(model, message, again)

    assert snapshot.facts["pid"] == 5
    assert snapshot.dropped == 0


def test_a_hundred_thousand_functions_are_taken_in(model, made_up):
    numbers = range(1, 100_001)
    functions = [(number, 0, number, f"f{number}", f"f{number}", "f.py") for number in numbers]
    stats = [(number, number, 0, 0, 0, 0) for number in numbers]

    snapshot = fold(model, *made_up.keyframe(function=functions, stat=stats))

    assert snapshot.complete
    assert len(snapshot.functions) == len(snapshot.stats) == 100_000
    assert snapshot.refused_rows == 0
    assert sum(stat.callcount for stat in snapshot.stats.values()) == sum(numbers)
