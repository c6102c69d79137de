"""A session made up by a test: its messages, each with the next sequence number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.wire import tables
from pikos.wire.codec import Stamp, encode_bye, encode_hello, encode_rows
from pikos.wire.messages import Block

if TYPE_CHECKING:
    from pikos.wire.tables import Table

FACTS = {
    "pikos": "0.1.0",
    "pid": 4242,
    "host": "example",
    "argv": ["app.py"],
    "executable": "/usr/bin/python3",
    "python": "3.12.1",
    "clock": "tsc",
    "interval_ns": 100_000_000,
    "started_unix_ns": 1_700_000_000_000_000_000,
    "mechanism": "sys.monitoring",
    "threads": True,
}


class MadeUpSession:
    """Encodes messages one after another."""

    def __init__(self, stream: bytes = bytes(16), **facts: Any) -> None:
        self.stream = stream
        self.facts = {**FACTS, **facts}
        self.sequence = 0
        self.time_ns = 0
        self.epoch = 0

    def stamp(self, flags: int = 0) -> Stamp:
        stamp = Stamp(self.stream, self.sequence, self.time_ns, self.epoch, flags)
        self.sequence += 1
        self.time_ns += 100_000_000
        return stamp

    def hello(self, *more: Table) -> bytes:
        """Declare the known tables, and more of records."""
        return encode_hello(self.stamp(), self.facts, (*tables.TABLES, *more))

    def records(self, table: Table, rows: list[tuple[Any, ...]]) -> bytes:
        """Rows of a table of records."""
        return encode_rows(self.stamp(), [Block.of(table, rows)])

    def rows(self, *, flags: int = 0, **rows: list[tuple[Any, ...]]) -> bytes:
        """Rows by the table's name: ``rows(stat=[(1, 2, 0, 0, 5, 6)])``."""
        by_name = {table.name: table for table in tables.TABLES}
        return encode_rows(
            self.stamp(flags), [Block.of(by_name[name], rows) for name, rows in rows.items()]
        )

    def keyframe(self, **rows: list[tuple[Any, ...]]) -> list[bytes]:
        """A hello and the whole state, one table to a message."""
        messages = [self.hello()]
        names = list(rows) or ["open_call"]
        for name in names:
            flags = tables.FLAG_KEYFRAME
            if name == names[-1]:
                flags |= tables.FLAG_KEYFRAME_END
            messages.append(self.rows(flags=flags, **{name: rows.get(name, [])}))
        return messages

    def bye(self, reason: str = "the program ended") -> bytes:
        return encode_bye(self.stamp(), reason)


PROGRAM: dict[str, list[tuple[Any, ...]]] = {
    "function": [
        (1, 0, 3, "main", "main", "/src/app.py"),
        (2, 0, 9, "work", "Worker.work", "/src/worker.py"),
        (3, 1, 0, "<built-in method time.sleep>", "time.sleep", "~"),
    ],
    "stat": [(2, 10, 4, 0, 3_000_000, 5_000_000), (3, 6, 0, 0, 2_000_000, 2_000_000)],
    "edge": [
        (0, 1, 0, 0, 0, 0),
        (1, 2, 6, 0, 3_000_000, 5_000_000),
        (2, 2, 4, 4, 0, 0),
        (2, 3, 6, 0, 2_000_000, 2_000_000),
    ],
    "context": [
        (1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        (2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0),
        (3, 2, 1, 2, 1, 0, 6, 0, 0, 2_000_000, 5_000_000),
        (4, 3, 1, 2, 2, 0, 4, 4, 0, 1_000_000, 1_500_000),
        (5, 4, 1, 3, 2, 0, 6, 0, 0, 2_000_000, 2_000_000),
    ],
    "open_call": [
        (1, 0, 1, 2, 9_000_000_000, 1, 5_995_000_000, 9_000_000_000, 9_000_000_000, 0),
        (1, 1, 2, 3, 3_000_000_000, 1, 1_000_000_000, 3_000_000_000, 3_000_000_000, 0),
        (1, 2, 2, 4, 2_000_000_000, 1, 2_000_000_000, 0, 2_000_000_000, 0),
    ],
    "thread": [(1, 111, 4242, 1, 1, 3, "MainThread")],
    "session": [
        (1, 1, 3, 4, 5, 0, 0, 8, 9, 55_000, 1_500_000, -12, 50_000_000, 200_000_000),
    ],
}
"""The tables of a small program: main() still runs, in it Worker.work() that calls itself."""
