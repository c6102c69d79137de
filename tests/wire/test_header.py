"""The C side's copy of the wire definition."""

from __future__ import annotations

import struct
from pathlib import Path

from pikos.wire import header, tables

GENERATED = Path(__file__).parents[2] / "ext" / "wire_tables.h"


def test_the_header_in_the_repository_is_the_one_that_is_generated():
    assert GENERATED.read_text(encoding="utf-8") == header.header()


def test_every_field_of_the_envelope_has_its_offset():
    offsets = header.envelope_offsets()

    packed = struct.pack(
        tables.ENVELOPE, tables.MAGIC, 0x0102, 3, 4, b"S" * 16, 0x55, -2, 0x77, 0x88
    )
    assert tuple(offsets) == header.FIELDS
    assert packed[offsets["kind"]] == 3
    assert packed[offsets["flags"]] == 4
    assert packed[offsets["stream"] : offsets["sequence"]] == b"S" * 16
    assert packed[offsets["sequence"]] == 0x55
    assert packed[offsets["time_ns"] : offsets["epoch"]] == b"\xfe" + b"\xff" * 7
    assert packed[offsets["epoch"]] == 0x77
    assert packed[offsets["size"]] == 0x88
    assert len(packed) == tables.ENVELOPE_SIZE


def test_the_sizes_in_the_definition_are_those_of_its_layouts():
    assert struct.calcsize(tables.ENVELOPE) == tables.ENVELOPE_SIZE
    assert struct.calcsize(tables.BLOCK) == tables.BLOCK_SIZE
    assert struct.calcsize("<II") == tables.BODY_SIZE


def test_every_table_keeps_the_limits_it_sets():
    identifiers = [table.id for table in tables.TABLES]

    assert identifiers == list(range(1, len(tables.TABLES) + 1))
    for table in tables.TABLES:
        names = [column.name for column in table.columns]
        assert len(names) == len(set(names)) <= tables.COLUMNS_MAX
        assert set(table.key) <= set(names)
        assert bool(table.key) == (table.mode == "upsert")
