"""Whole messages as bytes and back: golden, random, cut off and hostile."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given, settings, strategies as st
from support.golden import DIRECTORY, cases

from pikos.errors import WireError
from pikos.wire import tables
from pikos.wire.codec import Stamp, decode, encode_bye, encode_hello, encode_rows
from pikos.wire.messages import Block, Bye, Hello, Rows, Unknown
from pikos.wire.tables import Column, Table

STAMP = Stamp(bytes(range(16)), sequence=7, time_ns=123, epoch=2, flags=1)
I64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
VALUES = {"i64": I64, "f64": st.floats(allow_nan=False), "str": TEXT}
MIXED = Table(
    99, "mixed", "append", (), (Column("n", "i64"), Column("s", "str"), Column("x", "f64"))
)


def by_name(case):
    return case.name


def rows_message(blocks, stamp=STAMP):
    return encode_rows(stamp, blocks)


def block_start(number, rows, columns, size):
    return struct.pack(tables.BLOCK, number, rows, columns, 0, size)


def message_of(body, kind=tables.KIND_ROWS):
    envelope = struct.pack(
        tables.ENVELOPE,
        tables.MAGIC,
        tables.VERSION,
        kind,
        0,
        bytes(16),
        0,
        0,
        0,
        tables.ENVELOPE_SIZE + len(body),
    )
    return envelope + body


def rows_body(*blocks):
    return struct.pack("<II", len(blocks), 0) + b"".join(blocks)


@pytest.mark.parametrize("case", cases(), ids=by_name)
def test_a_golden_message_is_what_the_encoder_makes(case):
    assert case.encoded() == case.wire


@pytest.mark.parametrize("case", cases(), ids=by_name)
def test_a_golden_message_says_what_its_contents_say(case):
    message = decode(case.wire)

    envelope = message.envelope
    assert case.stamp == Stamp(
        envelope.stream, envelope.sequence, envelope.time_ns, envelope.epoch, envelope.flags
    )
    if isinstance(message, Hello):
        assert message.facts == case.content["facts"]
        assert message.tables == tables.TABLES
    elif isinstance(message, Bye):
        assert message.reason == case.content["reason"]
    else:
        assert isinstance(message, Rows)
        told = [(block.table.name, [list(row) for row in block.rows()]) for block in message.blocks]
        assert told == [
            (
                block["table"],
                [
                    [_cut(value) if isinstance(value, str) else value for value in row]
                    for row in block["rows"]
                ],
            )
            for block in case.content["blocks"]
        ]


def _cut(text):
    while len(text.encode()) > tables.STRING_MAX:
        text = text[:-1]
    return text


def test_every_golden_file_belongs_to_a_message():
    assert {path.stem for path in DIRECTORY.glob("*.hex")} == {case.name for case in cases()}


@pytest.mark.parametrize("case", cases(), ids=by_name)
def test_every_truncation_of_a_golden_message_is_refused(case):
    wire = case.wire
    sizes = range(len(wire)) if len(wire) < 3000 else range(0, len(wire), 61)

    for size in sizes:
        with pytest.raises(WireError):
            decode(wire[:size])


@pytest.mark.parametrize("case", cases(), ids=by_name)
def test_every_truncation_that_hides_itself_is_refused_or_says_less(case):
    wire = case.wire
    whole = decode(wire)

    for size in range(tables.ENVELOPE_SIZE, len(wire), 1 if len(wire) < 3000 else 61):
        shorter = bytearray(wire[:size])
        struct.pack_into("<I", shorter, 44, size)
        if isinstance(whole, Bye):
            assert whole.reason.startswith(decode(bytes(shorter)).reason.rstrip("\ufffd"))
        else:
            with pytest.raises(WireError):
                decode(bytes(shorter))


KNOWN = {table.name for table in tables.KNOWN_TABLES}


@st.composite
def declared_tables(draw):
    kinds = draw(st.lists(st.sampled_from(["i64", "f64", "str"]), min_size=1, max_size=6))
    columns = tuple(Column(f"c{index}", kind) for index, kind in enumerate(kinds))
    name = draw(TEXT.filter(lambda text: text not in KNOWN))
    return Table(draw(st.integers(100, 2**32 - 1)), name, "append", (), columns)


@st.composite
def filled_blocks(draw):
    table = draw(declared_tables())
    rows = draw(st.lists(st.tuples(*(VALUES[column.type] for column in table.columns)), max_size=8))
    return table, rows


@given(st.lists(filled_blocks(), max_size=5, unique_by=(lambda one: one[0].id)))
def test_what_is_encoded_is_what_is_decoded(filled):
    message = rows_message([Block.of(table, rows) for table, rows in filled])

    decoded = decode(message, [table for table, _ in filled])

    assert len(message) % 8 == 0
    assert [block.table for block in decoded.blocks] == [table for table, _ in filled]
    assert [list(block.rows()) for block in decoded.blocks] == [rows for _, rows in filled]


@given(
    st.lists(declared_tables(), max_size=4, unique_by=(lambda one: one.id, lambda one: one.name)),
    st.dictionaries(TEXT, I64, max_size=3),
)
def test_a_hello_carries_its_tables_and_facts(declared, extra):
    facts = {f"my {name}": value for name, value in extra.items()} | {"pid": 12, "argv": ["a"]}

    hello = decode(encode_hello(STAMP, facts, declared))

    assert hello.facts == facts
    assert hello.tables == tuple(declared)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(noise):
    """B17."""
    with pytest.raises(WireError):
        decode(noise)


@settings(max_examples=400)
@given(st.data())
def test_a_damaged_message_is_refused_or_decoded_but_never_anything_else(data):
    case = data.draw(st.sampled_from([case for case in cases() if case.name != "cut"]))
    damaged = bytearray(case.wire)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))

    offset, blocks = 0, ()
    try:
        message = decode(bytes(damaged))
    except WireError as error:
        offset = error.offset
    else:
        blocks = message.blocks if isinstance(message, Rows) else ()

    assert 0 <= offset <= len(damaged)
    assert all(len(list(block.rows())) == block.row_count for block in blocks)


def test_a_kind_that_is_not_known_is_passed_over():
    """B20."""
    assert isinstance(decode(message_of(b"anything", kind=77)), Unknown)


def test_a_table_that_is_not_known_is_passed_over():
    """B20."""
    known = Block.of(tables.STAT, [(1, 2, 0, 0, 3, 4)])
    message = rows_message([Block.of(MIXED, [(1, "a", 0.5)]), known])

    decoded = decode(message)

    assert [block.table.name for block in decoded.blocks] == ["stat"]
    assert list(decoded.blocks[0].rows()) == [(1, 2, 0, 0, 3, 4)]


def test_columns_that_are_not_known_are_passed_over():
    wider = tables.STAT._replace(columns=(*tables.STAT.columns, Column("colour", "str")))
    after = Block.of(tables.OPEN_CALL, [(1, 0, 1, 1, 5)])
    message = rows_message([Block.of(wider, [(1, 2, 0, 0, 3, 4, "red")]), after])

    blocks = decode(message).blocks

    assert [list(block.rows()) for block in blocks] == [[(1, 2, 0, 0, 3, 4)], [(1, 0, 1, 1, 5)]]


def test_columns_that_only_the_hello_declares_are_decoded_with_their_type():
    wider = tables.STAT._replace(columns=(*tables.STAT.columns, Column("colour", "str")))
    message = rows_message([Block.of(wider, [(1, 2, 0, 0, 3, 4, "red")])])

    (block,) = decode(message, [wider]).blocks

    assert list(block.columns["colour"]) == ["red"]


def test_an_older_publisher_may_send_fewer_columns():
    narrower = tables.STAT._replace(columns=tables.STAT.columns[:2])

    (block,) = decode(rows_message([Block.of(narrower, [(1, 2)])])).blocks

    assert list(block.columns) == ["function", "callcount"]


def test_text_that_is_not_utf8_is_shown_with_a_replacement():
    message = bytearray(rows_message([Block.of(MIXED, [(1, "abc", 0.0)])]))
    message[message.index(b"abc") + 1] = 0xFF

    (block,) = decode(bytes(message), [MIXED]).blocks

    assert list(block.columns["s"]) == ["a\ufffdc"]


def test_a_lone_surrogate_is_sent_as_an_escape():
    (block,) = decode(rows_message([Block.of(MIXED, [(1, "\udcff", 0.0)])]), [MIXED]).blocks

    assert block.columns["s"][0] == "\\udcff"


def test_a_column_of_strings_is_a_sequence():
    strings = decode(rows_message([Block.of(MIXED, [(i, s, 0.0) for i, s in enumerate("abc")])]),
                     [MIXED]).blocks[0].columns["s"]  # fmt: skip

    assert (strings[0], strings[-1], strings[1:]) == ("a", "c", ["b", "c"])
    assert strings == ["a", "b", "c"]
    assert strings != ["a"]
    assert repr(strings) == "Strings(['a', 'b', 'c'])"
    with pytest.raises(IndexError):
        strings[3]


EIGHT = tables.ENVELOPE_SIZE + tables.BODY_SIZE
HOSTILE = {
    "no magic": (b"XXXX" + message_of(b"")[4:], 0),
    "another version": (message_of(b"")[:4] + b"\x03\x00" + message_of(b"")[6:], 4),
    "a size that is not its own": (message_of(b"") + b"\0" * 8, 44),
    "rows without a number of blocks": (message_of(b"\0" * 4), 48),
    "2^32 blocks": (message_of(struct.pack("<II", 2**32 - 1, 0)), 48),
    "more blocks than there are": (message_of(struct.pack("<II", 2, 0)), EIGHT),
    "2^32 rows in 20 bytes": (
        message_of(rows_body(block_start(2, 2**32 - 1, 6, 24) + bytes(24))),
        EIGHT + 4,
    ),
    "as many rows as may be, without their bytes": (
        message_of(rows_body(block_start(2, 200_000, 6, 24) + bytes(24))),
        EIGHT + 24,
    ),
    "strings without their ends": (
        message_of(rows_body(block_start(1, 200_000, 6, 24) + bytes(24))),
        EIGHT + 24,
    ),
    "2^32 columns": (
        message_of(rows_body(block_start(2, 1, 2**32 - 1, 24) + bytes(24))),
        EIGHT + 8,
    ),
    "no columns": (message_of(rows_body(block_start(2, 1, 0, 0))), EIGHT + 8),
    "2^64 bytes of columns": (
        message_of(rows_body(block_start(2, 1, 6, 2**64 - 8) + bytes(48))),
        EIGHT + 16,
    ),
    "columns that are not aligned": (
        message_of(rows_body(block_start(2, 1, 6, 49) + bytes(49))),
        EIGHT + 16,
    ),
    "bytes after the last column": (
        message_of(rows_body(block_start(2, 1, 6, 56) + bytes(56))),
        EIGHT + 24 + 48,
    ),
    "bytes after the last block": (message_of(rows_body() + bytes(8)), EIGHT),
    "ends of strings that fall": (
        message_of(
            rows_body(block_start(99, 2, 2, 32) + bytes(16) + struct.pack("<II", 8, 4) + bytes(8))
        ),
        EIGHT + 24 + 16 + 4,
    ),
    "a string that is too long": (
        message_of(
            rows_body(
                block_start(99, 1, 2, 16 + 4104)
                + bytes(8)
                + struct.pack("<II", 4097, 0)
                + bytes(4104)
            )
        ),
        EIGHT + 24 + 8,
    ),
    "strings past the end": (
        message_of(rows_body(block_start(99, 1, 2, 16) + bytes(8) + struct.pack("<II", 4000, 0))),
        EIGHT + 24 + 16,
    ),
    "a reason without end": (message_of(bytes(4097), kind=tables.KIND_BYE), 48),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_refused_where_it_lies(name):
    message, offset = HOSTILE[name]

    with pytest.raises(WireError) as caught:
        decode(message, [*tables.TABLES, MIXED])

    assert caught.value.offset == offset


@pytest.mark.parametrize("name", HOSTILE)
def test_refusing_a_hostile_message_takes_no_memory(name):
    message = HOSTILE[name][0]

    assert _peak_of_decoding(message, [*tables.TABLES, MIXED]) < 4 * len(message) + 16 * 1024


def test_a_message_past_the_limit_is_refused_before_it_is_looked_at():
    """B17."""
    with pytest.raises(WireError, match="16777216"):
        decode(bytes(tables.MESSAGE_MAX + 1))


def test_decoding_many_small_strings_takes_less_than_four_times_the_message():
    message = rows_message([Block.of(MIXED, [(i, "é", 0.0) for i in range(50_000)])])

    assert _peak_of_decoding(message, [MIXED]) < 4 * len(message)


def _peak_of_decoding(message, declared):
    decode(message_of(rows_body()))
    tracemalloc.start()
    try:
        kept = decode(message, declared)
    except WireError:
        kept = None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return peak


@pytest.mark.parametrize(
    ("blocks", "limit"),
    [
        ([Block.of(tables.OPEN_CALL, [])] * 65, "64"),
        (
            [Block(MIXED, {"n": range(200_001), "s": [""] * 200_001, "x": [0.0] * 200_001})],
            "200000",
        ),
        ([Block(MIXED, {"n": [0] * 4100, "s": ["x" * 4096] * 4100, "x": [0] * 4100})], "16777216"),
    ],
    ids=["blocks", "rows", "bytes"],
)
def test_an_encoder_keeps_the_limits_too(blocks, limit):
    with pytest.raises(WireError, match=limit):
        rows_message(blocks)


def test_an_encoder_says_which_number_has_no_room():
    row = [1, 2**63, *[0] * (len(tables.STAT.columns) - 2)]

    with pytest.raises(WireError, match="stat"):
        rows_message([Block.of(tables.STAT, [row])])
    with pytest.raises(WireError, match="envelope"):
        encode_bye(STAMP._replace(time_ns=2**64), "end")


def test_a_reason_is_cut():
    assert decode(encode_bye(STAMP, "é" * 3000)).reason == "é" * 2048


def test_a_message_of_version_1_is_still_read():
    row = [1, 0, 2, 3, 500]
    message = encode_rows(Stamp(bytes(16), 0, 0), [Block.of(tables.OPEN_CALL, [row])])
    older = message[:4] + b"\x01\x00" + message[6:]

    (block,) = decode(older).blocks

    assert list(block.columns) == ["thread", "depth", "function", "context", "age_ns"]
    assert list(block.rows()) == [tuple(row)]
