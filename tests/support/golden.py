"""The golden messages: their contents in ``messages.json``, their bytes in ``*.hex`` beside it.

Run as a program it writes the bytes anew, which is a change of the protocol.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from pikos.wire.codec import Stamp, encode_bye, encode_hello, encode_rows
from pikos.wire.messages import Block
from pikos.wire.tables import TABLES

DIRECTORY = Path(__file__).parents[1] / "wire" / "golden"
TABLE_OF_NAME = {table.name: table for table in TABLES}


class Case(NamedTuple):
    """One golden message."""

    name: str
    kind: str
    stamp: Stamp
    content: dict[str, Any]
    """``facts``, ``blocks`` (a list of table's name and rows) or ``reason``."""

    @property
    def path(self) -> Path:
        return DIRECTORY / f"{self.name}.hex"

    @property
    def wire(self) -> bytes:
        """The golden bytes."""
        return bytes.fromhex(self.path.read_text(encoding="ascii"))

    def blocks(self) -> list[Block]:
        return [
            Block.of(TABLE_OF_NAME[block["table"]], block["rows"])
            for block in self.content["blocks"]
        ]

    def encoded(self) -> bytes:
        """What the Python encoder makes of the contents."""
        if self.kind == "hello":
            return encode_hello(self.stamp, self.content["facts"])
        if self.kind == "bye":
            return encode_bye(self.stamp, self.content["reason"])
        return encode_rows(self.stamp, self.blocks())


def cases() -> list[Case]:
    """All golden messages."""
    text = (DIRECTORY / "messages.json").read_text(encoding="utf-8")
    return [_case(entry) for entry in json.loads(text, object_hook=_repeated)]


def _repeated(entry: dict[str, Any]) -> dict[str, Any] | str:
    return entry["text"] * entry["times"] if set(entry) == {"text", "times"} else entry


def _case(entry: dict[str, Any]) -> Case:
    stamp = Stamp(**{**entry["stamp"], "stream": bytes.fromhex(entry["stamp"]["stream"])})
    return Case(entry["name"], entry["kind"], stamp, entry)


def main() -> None:
    """Write the golden bytes, 16 to a line."""
    for case in cases():
        wire = case.encoded()
        lines = [wire[at : at + 16].hex(" ", 4) for at in range(0, len(wire), 16)]
        case.path.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
