"""The tables of records: what is declared for each type of record, and what became of them."""

from __future__ import annotations

from collections import deque
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pikos.recorders.record_columns import KNOWN_FIELDS, fit, type_of
from pikos.wire.messages import Block
from pikos.wire.tables import (
    COLUMNS_MAX,
    FIRST_RECORD_TABLE,
    KNOWN_TABLES,
    RECORDING,
    Column,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Iterable, Mapping, Sequence

KEPT_MAX = 10_000
"""Records of each type that are kept for viewers that come, or come back: the newest ones."""

TYPES_MAX = 16
"""Types of records that have a table each; those of further types share one, as text."""

NAME_MAX = 40
"""Characters of a table's or a column's name that are told."""

Row = tuple[Any, ...]


def kind_of(record: Any) -> Hashable:
    """Tell which records share a table: those of one class and one length."""
    return type(record), len(_values(record))


def _values(record: Any) -> Sequence[Any]:
    """Take a record apart: a tuple by its fields, anything else as one value."""
    return record if isinstance(record, tuple | list) else (record,)


class RecordTable:
    """The records of one type.

    Parameters
    ----------
    table
        Declaration of the table.
    as_text
        Whether each record is one text, whatever it is.

    Threads: one at a time
    """

    def __init__(self, table: Table, *, as_text: bool = False) -> None:
        self.table = table
        """Declaration of the table."""
        self.kept: deque[Row] = deque(maxlen=KEPT_MAX)
        """The newest records, made to fit."""
        self.published = 0
        """Records so far."""
        self.dropped = 0
        """Records that were never published."""
        self.misfits = 0
        """Values that were changed to fit their column."""
        self._as_text = as_text

    def take(self, records: Sequence[Any], keep: int | None = None) -> Sequence[Row]:
        """Take in records.

        Parameters
        ----------
        records
            Records of the table's type.
        keep
            How many of them, the newest, are worth a look; None for all.

        Returns
        -------
        sequence of tuple
            The rows that those are.

        """
        wanted = records if keep is None else records[-keep:]
        self.published += len(records)
        if self._as_text:
            wanted = [(record,) for record in wanted]
        elif wanted and not isinstance(wanted[0], tuple | list):
            wanted = [_values(record) for record in wanted]
        columns = self.table.columns
        first = next(iter(wanted), None)
        fitting, as_they_are = [], isinstance(first, tuple) and len(columns) == len(first)
        for column, cells in zip(columns, zip(*wanted, strict=True), strict=False):
            fitted, misfits = fit(column.type, cells)
            fitting.append(fitted)
            as_they_are = as_they_are and fitted is cells
            self.misfits += misfits
        rows = wanted if as_they_are else list(zip(*fitting, strict=True))
        self.kept.extend(rows)
        return rows

    def told(self, last: int | None = None) -> Row:
        """Tell what became of the records.

        Parameters
        ----------
        last
            Number of the last record of a message; None if the message has none.

        Returns
        -------
        tuple
            A row of ``wire.tables.RECORDING``.

        """
        last = self.published if last is None else last
        return (self.table.id, self.published, last, self.dropped, self.misfits)


class RecordTables:
    """The tables of a recorder, by the type of the records.

    Threads: one at a time
    """

    def __init__(self) -> None:
        self._of_kind: dict[Hashable, RecordTable] = {}
        self._rest: RecordTable | None = None

    def __len__(self) -> int:
        return len(self.all())

    @property
    def _is_full(self) -> bool:
        return len(self._of_kind) >= TYPES_MAX

    @property
    def declarations(self) -> tuple[Table, ...]:
        """The tables, as a hello declares them."""
        return (RECORDING, *(table.table for table in self.all()))

    def prepare(self, record_type: Any) -> None:
        """Declare a table before its first record, where the names of the fields are enough.

        Parameters
        ----------
        record_type
            Class of the records to come.

        """
        fields = getattr(record_type, "_fields", None)
        if not isinstance(record_type, type) or not issubclass(record_type, tuple) or not fields:
            return
        kind = record_type, len(fields)
        if KNOWN_FIELDS.keys() >= set(fields) and not self._is_full and kind not in self._of_kind:
            self._declare(kind, record_type.__name__, fields, fields)

    def group(self, records: Iterable[Any]) -> dict[RecordTable, list[Any]]:
        """Put records together by their table, which is declared if need be.

        Parameters
        ----------
        records
            Any records, in the order of their arrival.

        Returns
        -------
        dict
            The records, by table.

        """
        groups: dict[RecordTable, list[Any]] = {}
        for _, run in groupby(records, type):
            alike = list(run)
            if isinstance(alike[0], tuple) and len(frozenset(map(len, alike))) == 1:
                groups.setdefault(self._table_of(alike[0]), []).extend(alike)
            else:
                for record in alike:
                    groups.setdefault(self._table_of(record), []).append(record)
        return groups

    def take(
        self, groups: Mapping[RecordTable, Sequence[Any]], keep: int | None = None
    ) -> dict[RecordTable, Sequence[Row]]:
        """Take in records.

        Parameters
        ----------
        groups
            The records, by table.
        keep
            How many of each table, the newest, are worth a look; None for all.

        Returns
        -------
        dict
            The rows that those are, by table.

        """
        return {table: table.take(records, keep) for table, records in groups.items()}

    def drop(self, dropped: Mapping[Hashable, tuple[int, Any]]) -> None:
        """Take note of records that will never be published.

        Parameters
        ----------
        dropped
            How many, with one of them, by what ``kind_of`` says of it.

        """
        for number, example in dropped.values():
            self._table_of(example).dropped += number

    def blocks(self) -> list[Block]:
        """Tell what became of all records."""
        return [Block.of(RECORDING, [table.told() for table in self.all()])]

    def all(self) -> tuple[RecordTable, ...]:
        """The tables, in the order of their declaration."""
        rest = () if self._rest is None else (self._rest,)
        return (*self._of_kind.values(), *rest)

    def _table_of(self, record: Any) -> RecordTable:
        kind = kind_of(record)
        table = self._of_kind.get(kind)
        if table is not None:
            return table
        if self._is_full:
            return self._shared()
        values = _values(record)
        fields = getattr(type(record), "_fields", None)
        if not isinstance(fields, tuple) or len(fields) != len(values):
            fields = tuple(f"field_{number}" for number in range(len(values)))
        return self._declare(kind, type(record).__name__, fields, values)

    def _shared(self) -> RecordTable:
        if self._rest is None:
            number = FIRST_RECORD_TABLE + TYPES_MAX
            name = _unused("record", self._names())
            table = Table(number, name, "append", (), (Column("record", "str"),))
            self._rest = RecordTable(table, as_text=True)
        return self._rest

    def _declare(
        self, kind: Hashable, name: str, fields: Sequence[str], values: Sequence[Any]
    ) -> RecordTable:
        names: list[str] = []
        columns = []
        for field, value in list(zip(fields, values, strict=True))[:COLUMNS_MAX]:
            names.append(_unused(str(field), names))
            columns.append(Column(names[-1], type_of(field, value)))
        if not columns:
            return self._shared()
        number = FIRST_RECORD_TABLE + len(self._of_kind)
        table = Table(number, _unused(name, self._names()), "append", (), tuple(columns))
        self._of_kind[kind] = RecordTable(table)
        return self._of_kind[kind]

    def _names(self) -> set[str]:
        return {table.name for table in (*KNOWN_TABLES, *self.declarations)}


def _unused(name: str, used: Container[str]) -> str:
    """Make a name that is not in use yet."""
    name = name[:NAME_MAX] or "_"
    number, chosen = 1, name
    while chosen in used:
        number += 1
        chosen = f"{name}_{number}"
    return chosen
