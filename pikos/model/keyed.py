"""Rows by key, as blocks bring them: made when somebody looks, for most are replaced before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pikos.model.lazy import LazyRows
from pikos.model.rows import ROW_TYPES
from pikos.wire.tables import KNOWN_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pikos.wire.messages import Block
    from pikos.wire.tables import Table

WAITING_MAX = 64
"""Blocks that wait to be made into rows; past them they are made."""

SPARE_ROWS = 1000
"""Rows that may wait beside as many as there are keys."""

Row = tuple[Any, ...]


class KeyedRows(LazyRows):
    """Rows by key at one moment.

    Blocks wait until somebody looks at more than how many rows there are. Nothing that was handed
    out ever changes.

    Parameters
    ----------
    made
        Rows that are made; nobody changes them any more.
    waiting
        Blocks of rows that take their places, the last one last, each with its columns of keys.
    count
        How many different keys all of them have.

    Threads: any; two that look at once make the same rows
    """

    __slots__ = ("_count", "_made", "_waiting")

    def __init__(
        self,
        made: dict[Any, Any] | None = None,
        waiting: tuple[tuple[list[Sequence[Any]], Block], ...] = (),
        count: int = 0,
    ) -> None:
        self._made: dict[Any, Any] = {} if made is None else made
        self._waiting = waiting
        self._count = count

    @property
    def rows(self) -> dict[Any, Any]:
        """All rows, made; not to be changed."""
        waiting = self._waiting  # before what is made, which is written first
        if waiting:
            made = self._made.copy()
            for _, block in waiting:
                made.update(keyed_rows(block))
            self._made, self._waiting = made, ()
        return self._made

    def and_then(self, block: Block, keys: set[Any]) -> KeyedRows:
        """Tell what there is when one more block has come.

        Parameters
        ----------
        block
            Its rows.
        keys
            Keys of all rows so far; those of the block are added.

        Returns
        -------
        KeyedRows
            The same rows, but where the block has others.

        """
        waiting = self._waiting  # before what is made, as above
        made = self._made
        its_keys = columns_of(block, block.table.key)
        left = tuple(each for each in waiting if each[0] != its_keys)
        if len(left) == len(waiting):
            keys.update(_joined(its_keys))
        waiting = (*left, (its_keys, block))
        after = KeyedRows(made, waiting, len(keys))
        rows = sum(each.row_count for _, each in waiting)
        if len(waiting) > WAITING_MAX or rows > len(keys) + SPARE_ROWS:
            after = KeyedRows(after.rows, (), len(keys))
        return after

    def __len__(self) -> int:
        return self._count


def rows_of(block: Block) -> Iterator[Row]:
    """Make the rows of a block."""
    names = [column.name for column in _as_known(block.table).columns]
    columns = columns_of(block, names)
    row_type = ROW_TYPES.get(block.table.name)
    if row_type is not None:  # ``open`` is no column: no open call is counted yet
        columns += [[0] * block.row_count] * (len(row_type._fields) - len(names))  # type: ignore[attr-defined]  # a named tuple
    rows = zip(*columns, strict=True)
    # A row type's own _make checks what zip has made sure of, at three times the cost.
    return rows if row_type is None else map(partial(tuple.__new__, row_type), rows)


def keys_of(block: Block) -> Iterable[Any]:
    """List the keys of the rows of a block."""
    return _joined(columns_of(block, block.table.key))


def keyed_rows(block: Block) -> Iterator[tuple[Any, Row]]:
    """Make the rows of a block, each with its key."""
    return zip(keys_of(block), rows_of(block), strict=True)


def _joined(parts: Sequence[Sequence[Any]]) -> Iterable[Any]:
    return parts[0] if len(parts) == 1 else zip(*parts, strict=True)


def columns_of(block: Block, names: Iterable[str]) -> list[Sequence[Any]]:
    """Order the columns; one that is not sent is zeros or empty strings."""
    text = {column.name for column in _as_known(block.table).columns if column.type == "str"}
    return [
        block.columns.get(name) or ["" if name in text else 0] * block.row_count for name in names
    ]


def _as_known(table: Table) -> Table:
    """Choose the declaration of this version, whose columns the row types have."""
    return next((known for known in KNOWN_TABLES if known.name == table.name), table)
