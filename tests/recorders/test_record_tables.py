"""What is declared for records, and how odd values are made to fit."""

from __future__ import annotations

import functools
import math
from collections import namedtuple

import pytest
from hypothesis import given, strategies as st

from pikos.model import Model
from pikos.recorders.record_buffer import RecordBuffer
from pikos.recorders.record_columns import fit
from pikos.recorders.record_messages import RecordMessages
from pikos.recorders.record_tables import TYPES_MAX, RecordTables
from pikos.wire.codec import decode
from pikos.wire.messages import Hello
from pikos.wire.tables import COLUMNS_MAX


class Unprintable:
    def __str__(self):
        raise ValueError("no text")


class Loud(str):
    __slots__ = ()

    def encode(self, *arguments):
        raise ValueError("no bytes")


def read(*records):
    """What a viewer makes of records."""
    messages = RecordMessages(bytes(16), {"pid": 1}, iter(range(10**6)).__next__)
    messages.tables.take(messages.tables.group(records))
    model, declared = Model(), ()
    for frame in messages.keyframe():
        message = decode(frame, declared)
        declared = message.tables if isinstance(message, Hello) else declared
        model.fold(message)
    return model.snapshot()


@functools.cache
def record_type(*fields):
    return namedtuple("Odd", fields)  # noqa: PYI024 - made of what is given


def record(**fields):
    return record_type(*fields)(*fields.values())


@pytest.mark.parametrize(
    ("kind", "value", "sent", "misfits"),
    [
        ("i64", 3, 3, 0),
        ("i64", True, 1, 0),
        ("i64", None, 0, 1),
        ("i64", "3", 3, 1),
        ("i64", 2.75, 2, 1),
        ("i64", 2**80, 2**63 - 1, 1),
        ("i64", -(2**80), -(2**63), 1),
        ("f64", 2.5, 2.5, 0),
        ("f64", 2, 2.0, 0),
        ("f64", "x", math.nan, 1),
        ("f64", 10**400, math.nan, 1),
        ("str", "x", "x", 0),
        ("str", None, "None", 0),
        ("str", Loud("x"), "x", 0),
        ("str", Unprintable(), "", 1),
    ],
    ids=lambda value: type(value).__name__,  # some have no text of their own
)
def test_a_value_that_does_not_fit_is_changed_and_counted(kind, value, sent, misfits):
    (fitted,), changed = fit(kind, [value])

    assert fitted == sent or (math.isnan(fitted) and math.isnan(sent))
    assert changed == misfits


def test_a_misfit_costs_no_other_record():
    snapshot = read(record(index=1, own=1.5), record(index=None, own="?"), record(index=3, own=2.5))

    (records,) = snapshot.records.values()
    assert records.column("index") == [1, 0, 3]
    assert records.misfits == 2


def test_a_field_that_is_not_known_is_what_its_first_value_is():
    (records,) = read(record(count=1, share=0.5, name="x", other=[1])).records.values()

    assert list(records.named()) == [{"count": 1, "share": 0.5, "name": "x", "other": "[1]"}]


def test_plain_tuples_are_told_apart_by_their_length():
    snapshot = read((1, "a"), (1, "a", 2.5), (2, "b"))

    assert snapshot.records["tuple"].rows == ((1, "a"), (2, "b"))
    assert snapshot.records["tuple_2"].rows == ((1, "a", 2.5),)


def test_what_is_no_tuple_is_one_value():
    snapshot = read({"index": 1}, "text", 7)

    assert snapshot.records["dict"].rows == (("{'index': 1}",),)
    assert snapshot.records["int"].rows == ((7,),)


def test_a_list_that_changes_later_is_recorded_as_it_was():
    changing = [1, "before"]
    messages = RecordMessages(bytes(16), {}, lambda: 0)
    messages.tables.take(messages.tables.group([changing]))

    changing[1] = "after"

    assert list(messages.tables.all()[0].kept) == [(1, "before")]


def test_of_records_that_nobody_watches_only_the_newest_are_looked_at():
    messages = RecordMessages(bytes(16), {}, lambda: 0)

    messages.tables.take(messages.tables.group([(1,), (2,), (3,)]), 2)

    (table,) = messages.tables.all()
    assert (table.published, list(table.kept)) == (3, [(2,), (3,)])


def test_a_type_with_the_name_of_a_known_table_gets_another():
    stat = namedtuple("stat", "index")  # noqa: PYI024 - named like a profiler's table

    assert read(stat(1)).records["stat_2"].rows == ((1,),)


def test_more_types_than_there_are_tables_share_one():
    others = [namedtuple(f"Type{number}", "index")(number) for number in range(TYPES_MAX + 3)]  # noqa: PYI024 - many types

    snapshot = read(*others, ())

    assert snapshot.records["record"].column("record")[:2] == [
        f"Type{TYPES_MAX}(index={TYPES_MAX})",
        f"Type{TYPES_MAX + 1}(index={TYPES_MAX + 1})",
    ]
    assert snapshot.records["record"].received == 4


def test_a_record_with_too_many_fields_is_sent_with_the_first_ones():
    (records,) = read(tuple(range(COLUMNS_MAX + 9))).records.values()

    assert records.rows == (tuple(range(COLUMNS_MAX)),)


def test_a_type_is_declared_before_its_first_record_where_its_fields_are_known():
    tables = RecordTables()

    tables.prepare(namedtuple("Known", "index function"))  # noqa: PYI024 - as monitors make them
    tables.prepare(namedtuple("Unknown", "index own"))  # noqa: PYI024 - as above
    tables.prepare(tuple)
    tables.prepare(None)

    assert [table.name for table in tables.declarations] == ["recording", "Known"]


def test_long_records_are_split_into_messages_that_can_be_sent():
    rows = [(number, "x") for number in range(1900)] + [("y" * 4096,) * 60] * 90

    snapshot = read(*rows)

    assert snapshot.complete
    assert {name: len(each.rows) for name, each in snapshot.records.items()} == {
        "tuple": 1900,
        "tuple_2": 90,
    }


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.lists(st.none()),
)


@given(st.lists(st.lists(anything, max_size=4).map(tuple), max_size=20))
def test_no_record_is_lost_whatever_it_holds(records):
    snapshot = read(*records)

    assert sum(len(each.rows) for each in snapshot.records.values()) == len(records)


def test_a_full_buffer_drops_the_oldest_and_counts_it(monkeypatch):
    monkeypatch.setattr("pikos.recorders.record_buffer.WAITING_MAX", 3)
    buffer = RecordBuffer(None)

    for number in range(5):
        buffer.put((number,))

    assert buffer.take() == [(2,), (3,), (4,)]
    assert list(buffer.take_dropped().values()) == [(2, (0,))]
    assert buffer.take_dropped() == {}
