"""What is known of one session, folded from its messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pikos.model.keyed import KeyedRows
from pikos.model.open_calls import include_open_calls
from pikos.model.records import Records
from pikos.model.rows import ROW_TYPES, Recording
from pikos.model.snapshot import Snapshot
from pikos.model.table import APPENDED_MAX, TableRows
from pikos.wire.messages import Bye, Hello
from pikos.wire.order import Order
from pikos.wire.tables import FLAG_KEYFRAME, FLAG_KEYFRAME_END

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pikos.model.lazy import LazyRows
    from pikos.wire.messages import Block, Message
    from pikos.wire.tables import Table


class SessionState:
    """What is known of one session.

    Parameters
    ----------
    stream
        Its stream id.
    records_max
        Records of each type to keep; None for all.

    """

    def __init__(self, stream: bytes, records_max: int | None = APPENDED_MAX) -> None:
        self._stream = stream
        self._records_max = records_max
        self._order = Order()
        self.facts: Mapping[str, Any] = {}
        """What the session's hello said."""
        self._tables: dict[str, TableRows] = {}
        self._epoch = 0
        self._time_ns = 0
        self._heard_at = 0.0
        self._messages = 0
        self._refused_rows = 0
        self._in_keyframe = False
        self._ended: str | None = None
        self._held: Snapshot | None = None
        self.full = False
        """Whether there was no room for some row: since then only known ones are kept fresh."""

    def note(self, message: Message, now: float) -> bool:
        """Take in what every message says.

        Parameters
        ----------
        message
            The message.
        now
            When it arrived.

        Returns
        -------
        bool
            Whether it is news, so that its rows are worth taking in.

        """
        if not self._order.note(message):
            return False
        self._hold(message)
        if message.envelope.epoch != self._epoch:
            self._epoch = message.envelope.epoch
            self._tables.clear()
            self.full = False
        if isinstance(message, Hello):
            self.facts = message.facts
            self._declare(message.tables)
        self._in_keyframe = bool(message.envelope.flags & FLAG_KEYFRAME)
        self._ended = message.reason if isinstance(message, Bye) else None
        self._time_ns = message.envelope.time_ns
        self._heard_at = now
        self._messages += 1
        return True

    def _hold(self, message: Message) -> None:
        """Keep the state as it was while a keyframe of several messages arrives.

        Between two of them a call could be open still, and counted already.
        """
        flags, epoch = message.envelope.flags, message.envelope.epoch
        if not flags & FLAG_KEYFRAME or flags & FLAG_KEYFRAME_END or epoch != self._epoch:
            self._held = None
        elif self._held is None and self._order.complete:
            self._held = self.snapshot()

    def _declare(self, tables: Iterable[Table]) -> None:
        """Show tables of records before their first record, and expect a keyframe."""
        for table in tables:
            if table.mode == "append" and table.name not in self._tables:
                self._tables[table.name] = TableRows(table, self._records_max)
        for rows in self._tables.values():
            rows.restart()

    def fold(self, block: Block, *, first: bool) -> None:
        """Take in rows.

        Parameters
        ----------
        block
            The rows.
        first
            Whether the block is the first one of its table in its message.

        """
        rows = self._tables.get(block.table.name)
        if rows is None or rows.table != block.table:
            rows = self._tables[block.table.name] = TableRows(block.table, self._records_max)
        if self.full:
            self._refused_rows += rows.fold_known(block)
        else:
            rows.heard_at = self._heard_at
            recording: Recording | None = self._mapping("recording").get(block.table.id)
            last = None if recording is None else recording.last
            rows.fold(block, first=first, keyframe=self._in_keyframe, last=last)

    def weight(self) -> int:
        """Estimate the room that the rows take.

        Returns
        -------
        int
            Bytes, roughly.

        """
        return sum(rows.weight() for rows in self._tables.values())

    def snapshot(self) -> Snapshot:
        """Freeze the state.

        Returns
        -------
        Snapshot
            The state as it is now.

        """
        if self._held is not None:
            return replace(self._held, heard_at=self._heard_at, messages=self._messages)
        returned = Snapshot(
            stream=self._stream,
            facts=self.facts,
            functions=self._mapping("function").rows,
            stats=self._mapping("stat"),
            edges=self._mapping("edge"),
            contexts=self._mapping("context"),
            open_calls=self._tables["open_call"].listing() if "open_call" in self._tables else (),
            threads=self._mapping("thread").rows,
            session=next(iter(self._mapping("session").values()), None),
            others={
                name: rows.listing() for name, rows in self._tables.items() if name not in ROW_TYPES
            },
            records={
                name: self._records(rows)
                for name, rows in self._tables.items()
                if rows.table.mode == "append" and name not in ROW_TYPES
            },
            epoch=self._epoch,
            time_ns=self._time_ns,
            heard_at=self._heard_at,
            messages=self._messages,
            dropped=self._order.dropped,
            refused_rows=self._refused_rows,
            complete=self._order.complete,
            ended=self._ended,
        )
        return include_open_calls(returned)

    def _records(self, rows: TableRows) -> Records:
        recording: Recording = self._mapping("recording").get(
            rows.table.id, Recording(rows.table.id, rows.received, rows.received, 0, 0)
        )
        return Records(
            fields=tuple(column.name for column in rows.table.columns),
            rows=rows.listing(),
            received=rows.received,
            published=recording.published,
            dropped=recording.dropped,
            misfits=recording.misfits,
            heard_at=rows.heard_at,
        )

    def _mapping(self, table: str) -> LazyRows:
        rows = self._tables.get(table)
        return KeyedRows() if rows is None else rows.mapping()
