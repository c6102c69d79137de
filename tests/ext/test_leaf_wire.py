"""The C encoder against the golden bytes and against Python's decoder."""

from __future__ import annotations

import ctypes as c
import struct

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from leaf import MIRRORED, Buf, Envelope, Text, Value
from support.golden import TABLE_OF_NAME, cases

from pikos.wire import codec
from pikos.wire.columns import cut
from pikos.wire.hello import hello_json
from pikos.wire.tables import KIND_BYE, KIND_HELLO, KIND_ROWS, STRING_MAX, Column, Table

MIXED = Table(
    99, "mixed", "append", (), (Column("n", "i64"), Column("s", "str"), Column("x", "f64"))
)
KINDS = {"hello": KIND_HELLO, "rows": KIND_ROWS, "bye": KIND_BYE}
STAMP = codec.Stamp(bytes(range(16)), sequence=7, time_ns=123, epoch=2, flags=1)


class Encoder:
    """A message buffer and a block."""

    def __init__(self, leaf):
        self.leaf = leaf
        self.borrowed = []
        self.message = Buf()
        self.block = c.create_string_buffer(leaf.driver_size_of(b"block"))

    def begin(self, kind, stamp):
        envelope = Envelope(kind, stamp.flags, (c.c_uint8 * 16)(*stamp.stream))
        envelope.sequence = stamp.sequence
        envelope.time_ns = stamp.time_ns
        envelope.epoch = stamp.epoch
        self.leaf.pk_message_begin(self.message, envelope)

    def add(self, table, rows):
        self.begin_block(table)
        for row in rows:
            self.leaf.pk_block_add(self.block, self.values_of(table, row))
        self.leaf.pk_message_add(self.message, self.block)

    def begin_block(self, table):
        types = "".join(column.type[0] for column in table.columns).encode()
        self.borrowed.append(types)
        self.leaf.pk_block_begin(self.block, table.id, types)

    def values_of(self, table, row):
        values = (Value * len(row))()
        for at, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            if column.type == "str":
                self.borrowed.append(value.encode())
                values[at].str = Text(self.borrowed[-1], len(self.borrowed[-1]))
            else:
                setattr(values[at], column.type, value)
        return values

    def put(self, body):
        self.leaf.pk_buf_put(self.message, body, len(body))

    def rows(self, stamp, blocks):
        self.begin(KIND_ROWS, stamp)
        for table, rows in blocks:
            self.add(table, rows)
        return self.end()

    def end(self):
        self.leaf.pk_message_end(self.message)
        return None if self.message.failed else self.message.content()

    def free(self):
        self.leaf.pk_buf_free(self.message)
        self.leaf.pk_block_free(self.block)


@pytest.fixture
def encoder(leaf):
    made = Encoder(leaf)
    yield made
    made.free()


def content_of(encoder, case):
    encoder.begin(KINDS[case.kind], case.stamp)
    if case.kind == "hello":
        encoder.put(hello_json(case.content["facts"]))
    elif case.kind == "bye":
        encoder.put(case.content["reason"].encode())
    else:
        for block in case.content["blocks"]:
            encoder.add(TABLE_OF_NAME[block["table"]], block["rows"])
    return encoder.end()


@pytest.mark.parametrize("name", sorted(MIRRORED))
def test_a_mirrored_structure_has_the_size_of_its_original(leaf, name):
    assert c.sizeof(MIRRORED[name]) == leaf.driver_size_of(name.encode())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_c_encoder_makes_the_golden_bytes(encoder, case):
    assert content_of(encoder, case) == case.wire


ROWS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
        st.floats(allow_nan=False),
    ),
    max_size=20,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ROWS)
def test_any_rows_come_back_from_the_c_encoder(encoder, rows):
    message = codec.decode(encoder.rows(STAMP, [(MIXED, rows)]), [MIXED])

    assert message.envelope[1:6] == (1, STAMP.stream, 7, 123, 2)
    assert [tuple(row) for row in message.blocks[0].rows()] == rows


def test_rows_of_numbers_only_may_be_added_as_numbers(encoder, leaf):
    table = TABLE_OF_NAME["edge"]
    rows = [(row, -row, 2**63 - 1, -(2**63), 0, row << 40) for row in range(100)]
    expected = encoder.rows(STAMP, [(table, rows)])

    encoder.begin(KIND_ROWS, STAMP)
    encoder.begin_block(table)
    for row in rows:
        leaf.pk_block_add_numbers(encoder.block, (c.c_int64 * len(row))(*row))
    leaf.pk_message_add(encoder.message, encoder.block)

    assert encoder.end() == expected


def test_a_buffer_used_again_holds_only_the_last_message(encoder):
    first = encoder.rows(STAMP, [(MIXED, [(1, "a" * 100, 0.5)] * 50)])
    encoder.rows(STAMP, [])

    assert encoder.rows(STAMP, [(MIXED, [(1, "a" * 100, 0.5)] * 50)]) == first


@pytest.mark.parametrize("letter", ["x", "é", "漢", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_a_long_string_is_cut_where_python_cuts_it(encoder, letter, shift):
    long = "y" * shift + letter * STRING_MAX

    message = codec.decode(encoder.rows(STAMP, [(MIXED, [(0, long, 0.0)])]), [MIXED])

    assert message.blocks[0].columns["s"][0] == cut(long).decode()


def test_a_message_past_its_limit_fails_and_keeps_failing(leaf, encoder):
    megabyte = bytes(1 << 20)
    encoder.begin(KIND_BYE, STAMP)
    for _ in range(16):
        encoder.put(megabyte)
    failed_at = encoder.message.size
    encoder.put(b"x")

    assert encoder.end() is None
    assert encoder.message.size == failed_at == 48 + 15 * len(megabyte)


def test_a_failed_block_fails_its_message(leaf, encoder):
    if not fails_allocations(leaf):
        pytest.skip("allocations cannot fail in this build")
    encoder.begin(KIND_ROWS, STAMP)
    encoder.begin_block(MIXED)
    leaf.driver_fail_allocation(0)
    leaf.pk_block_add(encoder.block, encoder.values_of(MIXED, (1, "a", 0.5)))
    leaf.pk_message_add(encoder.message, encoder.block)

    assert encoder.end() is None


def fails_allocations(leaf):
    leaf.driver_fail_allocation(1000)
    can = leaf.driver_failure_pending()
    leaf.driver_fail_allocation(-1)
    return can


def test_each_allocation_that_fails_is_told_and_the_next_try_succeeds(leaf, encoder):
    if not fails_allocations(leaf):
        pytest.skip("allocations cannot fail in this build")
    blocks = [(MIXED, [(number, "text" * number, 0.5) for number in range(60)])]
    expected = Encoder(leaf)
    whole = expected.rows(STAMP, blocks)
    expected.free()
    failures = 0
    while True:
        trial = Encoder(leaf)
        leaf.driver_fail_allocation(failures)
        first = trial.rows(STAMP, blocks)
        pending = leaf.driver_failure_pending()
        leaf.driver_fail_allocation(-1)
        second = trial.rows(STAMP, blocks)
        trial.free()

        assert second == whole
        if pending:
            assert first == whole
            break
        assert first is None
        failures += 1
    assert failures > 4


def test_the_size_in_the_envelope_is_the_message_s(encoder):
    wire = encoder.rows(STAMP, [(MIXED, [(1, "a", 0.5)])])

    assert struct.unpack_from("<I", wire, 44) == (len(wire),)
