"""The present rows of one table, folded from the blocks that arrive."""

from __future__ import annotations

from collections import deque
from itertools import compress
from typing import TYPE_CHECKING, Any

from pikos.model.context_rows import ContextRows
from pikos.model.keyed import KeyedRows, Row, keys_of, rows_of
from pikos.wire.columns import Strings
from pikos.wire.tables import CONTEXT

if TYPE_CHECKING:
    from pikos.model.lazy import LazyRows
    from pikos.wire.messages import Block
    from pikos.wire.tables import Table

APPENDED_MAX = 10_000
"""Rows that are kept of a table to which rows are appended; the newest ones."""

ROW_WEIGHT = 320
"""Bytes that a row takes beside its text, roughly."""


class TableRows:
    """The rows of one table, and the copy of them that was handed out last.

    Parameters
    ----------
    table
        Declaration of the table.
    appended_max
        Rows to keep of a table to which rows are appended; None for all.

    """

    def __init__(self, table: Table, appended_max: int | None = APPENDED_MAX) -> None:
        self.table = table
        self._upserted: KeyedRows | ContextRows = (
            ContextRows() if table.name == CONTEXT.name else KeyedRows()
        )
        self._keys: set[Any] = set()
        self._listed: deque[Row] = deque(maxlen=appended_max if table.mode == "append" else None)
        self._numbers: deque[int] = deque(maxlen=self._listed.maxlen)
        self._copy: tuple[Row, ...] | None = None
        self._restarting = False
        self._last = 0
        self.heard_at = 0.0
        """When rows arrived last, by the viewer's clock, in seconds."""
        self.received = 0
        """Different rows that were appended, as far as they are numbered."""

    def restart(self) -> None:
        """Take note that a keyframe begins, which repeats rows that were appended, and contexts."""
        self._restarting = True

    def fold(
        self, block: Block, *, first: bool, keyframe: bool = False, last: int | None = None
    ) -> None:
        """Take in rows.

        Parameters
        ----------
        block
            The rows.
        first
            Whether the block is the first one of this table in its message.
        keyframe
            Whether the message is part of a keyframe.
        last
            Number of the block's last row, if appended rows are numbered.

        """
        self._copy = None
        if self.table.mode == "append":
            if keyframe and self._restarting:
                self._forget(None if last is None else last - block.row_count)
                self._restarting = False
            self._count(block.row_count, last)
        if self.table.mode == "upsert":
            if keyframe and self._restarting and isinstance(self._upserted, ContextRows):
                self._upserted = ContextRows()  # what was merged is not repeated
                self._restarting = False
            self._upsert(block)
            return
        if self.table.mode == "replace" and first:
            self._listed.clear()
        self._listed.extend(rows_of(block))

    def _upsert(self, block: Block) -> None:
        if isinstance(self._upserted, ContextRows):
            self._upserted = self._upserted.and_then(block)
        else:
            self._upserted = self._upserted.and_then(block, self._keys)

    def _forget(self, but_up_to: int | None) -> None:
        """Forget the rows that a keyframe repeats: all, where rows are not numbered."""
        while self._numbers and (but_up_to is None or self._numbers[-1] > but_up_to):
            self._numbers.pop()
            self._listed.pop()

    def _count(self, rows: int, last: int | None) -> None:
        last = self._last + rows if last is None else last
        self._numbers.extend(range(last - rows + 1, last + 1))
        self.received += max(0, min(rows, last - self._last))
        self._last = max(self._last, last)

    def fold_known(self, block: Block) -> int:
        """Take in rows only where that takes no more room.

        Parameters
        ----------
        block
            The rows.

        Returns
        -------
        int
            How many rows were left out.

        """
        if self.table.mode != "upsert" or weight_of(block) > ROW_WEIGHT * block.row_count:
            return block.row_count
        known = self._upserted if isinstance(self._upserted, ContextRows) else self._keys
        chosen = [key in known for key in keys_of(block)]
        columns = {name: list(compress(values, chosen)) for name, values in block.columns.items()}
        self._upsert(block._replace(columns=columns))
        return chosen.count(False)

    def mapping(self) -> LazyRows:
        """Hand out the rows of a table with a key.

        Returns
        -------
        LazyRows
            The rows by key; it does not change any more.

        """
        return self._upserted

    def listing(self) -> tuple[Any, ...]:
        """Hand out the rows of any table.

        Returns
        -------
        tuple
            The rows.

        """
        if self.table.mode == "upsert":
            return tuple(self._upserted.values())
        if self._copy is None:
            self._copy = tuple(self._listed)
        return self._copy

    def weight(self) -> int:
        """Estimate the room that the rows take.

        Returns
        -------
        int
            Bytes, roughly.

        """
        rows = self._upserted.values() if self.table.mode == "upsert" else self._listed
        weight = ROW_WEIGHT * len(rows)
        if any(column.type == "str" for column in self.table.columns):
            weight += sum(len(value) for row in rows for value in row if isinstance(value, str))
        return weight


def weight_of(block: Block) -> int:
    """Estimate the room that the rows of a block would take.

    Parameters
    ----------
    block
        The rows.

    Returns
    -------
    int
        Bytes, roughly.

    """
    columns = block.columns.values()
    text = sum(column.size_bytes for column in columns if isinstance(column, Strings))
    return ROW_WEIGHT * block.row_count + text
