"""The messages of a session that publishes records; knows no socket and no thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.recorders.record_tables import RecordTable, RecordTables
from pikos.wire.codec import Stamp, encode_bye, encode_hello, encode_rows
from pikos.wire.messages import Block
from pikos.wire.tables import FLAG_KEYFRAME, FLAG_KEYFRAME_END, RECORDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pikos.recorders.record_tables import Row

ROWS_MAX = 2_000
"""Records that one message has at most."""

TEXT_MAX = 1 << 20
"""Characters that the records of one message have at most; a single record may have more."""


class RecordMessages:
    """Turns records into messages, each with the next sequence number.

    Parameters
    ----------
    stream
        The session's 16 random bytes.
    facts
        What its hello says.
    clock_ns
        Present time in ns, monotonic.

    Threads: one at a time
    """

    def __init__(
        self, stream: bytes, facts: Mapping[str, Any], clock_ns: Callable[[], int]
    ) -> None:
        self.tables = RecordTables()
        """The tables that the records are rows of."""
        self._stream = stream
        self._facts = facts
        self._clock_ns = clock_ns
        self._began_ns = clock_ns()
        self._sequence = 0

    def keyframe(self) -> Iterator[bytes]:
        """Tell everything: what a viewer needs that has just come."""
        yield encode_hello(self._stamp(), self._facts, self.tables.declarations)
        for table in self.tables.all():
            yield from self._rows(table, tuple(table.kept), FLAG_KEYFRAME)
        flags = FLAG_KEYFRAME | FLAG_KEYFRAME_END
        yield encode_rows(self._stamp(flags), self.tables.blocks())

    def news(self, taken: Mapping[RecordTable, Sequence[Row]]) -> Iterator[bytes]:
        """Tell what is new; something is told even where nothing is.

        Parameters
        ----------
        taken
            The rows that are new, by table.

        Returns
        -------
        Iterator
            The messages.

        """
        for table, rows in taken.items():
            yield from self._rows(table, rows, 0)
        yield encode_rows(self._stamp(), self.tables.blocks())

    def bye(self, reason: str) -> bytes:
        """Say goodbye."""
        return encode_bye(self._stamp(), reason)

    def _rows(self, table: RecordTable, rows: Sequence[Row], flags: int) -> Iterator[bytes]:
        """Tell the newest rows of a table, in messages of a reasonable size."""
        last = table.published - len(rows)
        for begin in range(0, len(rows), ROWS_MAX):
            part = rows[begin : begin + ROWS_MAX]
            last += len(part)
            yield from self._message(table, part, last, flags)

    def _message(
        self, table: RecordTable, rows: Sequence[Row], last: int, flags: int
    ) -> Iterator[bytes]:
        block = Block.of(table.table, rows)
        if len(rows) > 1 and _text_of(block) > TEXT_MAX:
            half = len(rows) // 2
            yield from self._message(table, rows[:half], last - len(rows) + half, flags)
            yield from self._message(table, rows[half:], last, flags)
            return
        told = Block.of(RECORDING, [table.told(last)])
        yield encode_rows(self._stamp(flags), [told, block])

    def _stamp(self, flags: int = 0) -> Stamp:
        number, self._sequence = self._sequence, self._sequence + 1
        return Stamp(self._stream, number, self._clock_ns() - self._began_ns, 0, flags)


def _text_of(block: Block) -> int:
    columns = (block.columns[column.name] for column in block.table.columns if column.type == "str")
    return sum(sum(map(len, column)) for column in columns)
