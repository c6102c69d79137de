"""Prints ``ext/wire_tables.h``, the C side's copy of the wire definition in ``tables.py``."""

from __future__ import annotations

import re
import struct
import sys
from typing import TYPE_CHECKING

from pikos.wire import tables
from pikos.wire.hello import tables_json

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = ("magic", "version", "kind", "flags", "stream", "sequence", "time_ns", "epoch", "size")
"""Names of the fields of ``tables.ENVELOPE``, in order."""

LIMITS = (
    "MESSAGE_MAX",
    "BLOCKS_MAX",
    "ROWS_MAX",
    "COLUMNS_MAX",
    "STRING_MAX",
    "JSON_MAX",
)
"""Names in ``tables.py`` of the limits that C keeps too."""

TYPE_LETTERS = {"i64": "i", "f64": "f", "str": "s"}
"""The letter that stands for a column's type in ``PK_…_TYPES``."""

LITERAL_WIDTH = 72
"""Characters of the tables' JSON on one line."""


def envelope_offsets() -> dict[str, int]:
    """Tell where each field of the envelope begins, in bytes.

    Returns
    -------
    dict
        Offset of each name of ``FIELDS``.

    """
    codes = re.findall(r"\d*[a-zA-Z]", tables.ENVELOPE)
    before = ["<" + "".join(codes[:index]) for index in range(len(codes))]
    return dict(zip(FIELDS, map(struct.calcsize, before), strict=True))


def header() -> str:
    """Print the whole header file.

    Returns
    -------
    str
        C source that declares constants only.

    """
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "/* wire_tables.h — the wire protocol in numbers.  Generated from pikos/wire/tables.py by"
    yield " * `python -m pikos.wire.header > ext/wire_tables.h`; never edited by hand. */"
    yield "#ifndef PK_WIRE_TABLES_H"
    yield "#define PK_WIRE_TABLES_H"
    yield ""
    yield f'#define PK_WIRE_MAGIC "{tables.MAGIC.decode("ascii")}"'
    yield f"#define PK_WIRE_VERSION {tables.VERSION}"
    yield f"#define PK_ENVELOPE_SIZE {tables.ENVELOPE_SIZE}"
    yield f"#define PK_BODY_SIZE {tables.BODY_SIZE} /* of a rows message, before its blocks */"
    yield f"#define PK_BLOCK_SIZE {tables.BLOCK_SIZE} /* of a block, before its columns */"
    yield ""
    yield "/* Limits. */"
    for name in LIMITS:
        yield f"#define PK_{name} {getattr(tables, name)}"
    yield ""
    yield "/* Where the fields of the envelope begin, in bytes. */"
    yield from _enum(f"PK_AT_{name.upper()} = {at}" for name, at in envelope_offsets().items())
    yield ""
    for prefix in ("KIND_", "FLAG_"):
        yield from _enum(
            f"PK_{name} = {value}"
            for name, value in vars(tables).items()
            if name.startswith(prefix)
        )
        yield ""
    yield from _enum(f"PK_TABLE_{table.name.upper()} = {table.id}" for table in tables.TABLES)
    yield f"#define PK_TABLES {len(tables.TABLES)}"
    yield ""
    yield "/* Per table: how many columns, their types (i: i64, f: f64, s: str), and the index of"
    yield " * each. */"
    for table in tables.TABLES:
        stem = f"PK_{table.name.upper()}"
        types = "".join(TYPE_LETTERS[column.type] for column in table.columns)
        yield f"#define {stem}_COLUMNS {len(table.columns)}"
        yield f'#define {stem}_TYPES "{types}"'
        yield from _enum(f"{stem}_{column.name.upper()}" for column in table.columns)
        yield ""
    yield "/* The tables as a hello declares them. */"
    yield "#define PK_TABLES_JSON \\"
    yield from _literal(tables_json(tables.TABLES))
    yield ""
    yield "#endif"


def _literal(text: str) -> Iterator[str]:
    """A string literal of C, in lines of a macro."""
    parts = [text[at : at + LITERAL_WIDTH] for at in range(0, len(text), LITERAL_WIDTH)]
    for part in parts:
        escaped = part.replace("\\", "\\\\").replace('"', '\\"')
        yield f'    "{escaped}"' + ("" if part is parts[-1] else " \\")


def _enum(members: Iterator[str]) -> Iterator[str]:
    yield "enum {"
    for member in members:
        yield f"    {member},"
    yield "};"


if __name__ == "__main__":
    sys.stdout.write(header())
