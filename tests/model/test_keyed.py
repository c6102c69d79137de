"""Rows by key are made when somebody looks, and are what they were when each block was taken in."""

from __future__ import annotations

from array import array

from hypothesis import given, strategies as st

from pikos.model import keyed
from pikos.model.keyed import SPARE_ROWS, WAITING_MAX, KeyedRows
from pikos.wire.messages import Block
from pikos.wire.tables import KNOWN_TABLES

EDGE = next(table for table in KNOWN_TABLES if table.name == "edge")
STAT = next(table for table in KNOWN_TABLES if table.name == "stat")


def block_of(table, keys, value):
    """Rows with these keys, all other values alike, as a decoder would make them."""
    block = Block.of(table, [(*key, *[value] * (len(table.columns) - len(key))) for key in keys])
    return Block(table, {name: array("q", values) for name, values in block.columns.items()})


def pairs(numbers):
    return [(number % 3, number) for number in numbers]


blocks = st.lists(
    st.tuples(st.lists(st.integers(0, 6), max_size=5), st.integers(0, 100), st.booleans()),
    max_size=90,
)


@given(blocks)
def test_whenever_one_looks_the_rows_are_the_newest_of_each_key(told):
    rows, keys, plain, seen = KeyedRows(), set(), {}, []
    for numbers, value, looked_at in told:
        rows = rows.and_then(block_of(EDGE, pairs(numbers), value), keys)
        plain = plain | dict.fromkeys(pairs(numbers), value)
        seen.append((rows, plain))
        assert len(rows) == len(plain)
        if looked_at:
            assert {key: row.inline_ns for key, row in rows.items()} == plain

    for then, was in reversed(seen):  # what was handed out has not changed
        assert {key: row.inline_ns for key, row in then.items()} == was
        assert len(then) == len(was)


def test_a_block_of_the_same_keys_takes_the_place_of_the_one_that_waits(monkeypatch):
    made = []
    monkeypatch.setattr(
        keyed, "keyed_rows", lambda block, real=keyed.keyed_rows: made.append(block) or real(block)
    )
    rows, keys = KeyedRows(), set()
    for value in range(1000):
        rows = rows.and_then(block_of(EDGE, pairs(range(50)), value), keys)
    assert made == []

    assert rows[0, 0].inline_ns == 999
    assert len(made) == 1


def test_a_block_between_is_not_undone():
    rows, keys = KeyedRows(), set()
    for numbers, value in (([1, 2], 1), ([2, 3], 2), ([1, 2], 3), ([2, 3], 4)):
        rows = rows.and_then(block_of(STAT, [(n,) for n in numbers], value), keys)

    assert {key: row.callcount for key, row in rows.items()} == {1: 3, 2: 4, 3: 4}


def test_what_waits_is_bounded(monkeypatch):
    most = 0
    rows, keys = KeyedRows(), set()
    for begin in range(3000):
        rows = rows.and_then(block_of(STAT, [(begin % 70,), (begin % 71,)], begin), keys)
        most = max(most, len(rows._waiting))
    assert most <= WAITING_MAX

    for begin in range(10):
        many = [(n,) for n in range(begin, begin + SPARE_ROWS)]
        rows = rows.and_then(block_of(STAT, many, begin), keys)
        waiting = sum(block.row_count for _, block in rows._waiting)
        assert waiting <= len(keys) + SPARE_ROWS


def test_it_is_a_mapping_like_any_other():
    rows, keys = KeyedRows(), set()
    rows = rows.and_then(block_of(STAT, [(1,), (2,)], 5), keys)

    assert list(rows) == list(rows.keys()) == [1, 2]
    assert 1 in rows
    assert 3 not in rows
    assert rows.get(3) is None
    assert rows.get(1).callcount == rows[1].callcount == 5
    assert rows == dict(rows.items())
    assert {**rows} == rows
    assert KeyedRows() == {}
    assert not KeyedRows()
