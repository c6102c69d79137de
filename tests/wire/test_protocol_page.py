"""What docs/wire-protocol.md says of the protocol is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pikos.wire import tables
from pikos.wire.codec import Stamp, decode, encode_rows
from pikos.wire.messages import Block

PAGE = (Path(__file__).parents[2] / "docs" / "wire-protocol.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()


def example():
    return b"".join(bytes.fromhex(line[5:28]) for line in EXAMPLE)


def test_the_offsets_of_the_example_are_its_own():
    assert [int(line[:3]) for line in EXAMPLE] == list(range(0, len(example()), 8))


def test_the_example_is_the_message_it_is_said_to_be():
    stamp = Stamp(bytes(range(0xA0, 0xB0)), 7, 1_500_000_000, 2, tables.FLAG_KEYFRAME)
    rows = [(1, 0, 12, "main", "main", "/app.py")]

    assert encode_rows(stamp, [Block.of(tables.FUNCTION, rows)]) == example()
    assert list(decode(example()).blocks[0].rows()) == rows


@pytest.mark.parametrize("table", tables.KNOWN_TABLES, ids=lambda table: table.name)
def test_the_page_has_every_table_with_its_columns(table):
    row = next(
        line for line in PAGE.splitlines() if line.startswith(f"| {table.id} | {table.name}")
    )
    _, _, _, mode, key, columns, _ = (cell.strip() for cell in row.split("|"))

    told = [
        (name.strip(), group.split(":")[1].strip())
        for group in columns.split(";")
        for name in group.split(":")[0].split(",")
    ]
    assert mode == table.mode
    assert tuple(filter(None, key.split(", "))) == table.key
    assert told == [tuple(column) for column in table.columns]


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("a message", f"{tables.MESSAGE_MAX // 2**20} MiB"),
        ("blocks of a message", str(tables.BLOCKS_MAX)),
        ("rows of a block", f"{tables.ROWS_MAX:,}"),
        ("columns of a table", str(tables.COLUMNS_MAX)),
        ("bytes of a string", str(tables.STRING_MAX)),
        ("JSON of a hello", f"{tables.JSON_MAX // 2**10} KiB"),
    ],
)
def test_the_page_has_every_limit(what, limit):
    assert f"| {what} | {limit} |" in PAGE
