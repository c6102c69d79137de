"""What a decoded message is: its envelope, and a hello, rows or a goodbye."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pikos.wire.tables import Table


class Envelope(NamedTuple):
    """What every message begins with."""

    kind: int
    """One of ``tables.KIND_…``, or a number that a newer Pikos gave a meaning."""
    flags: int
    """Sum of ``tables.FLAG_…``."""
    stream: bytes
    """The session's 16 random bytes."""
    sequence: int
    """Number of the message in its session."""
    time_ns: int
    """When it was made: ns since the session began, monotonic clock."""
    epoch: int
    """Grows when the statistics are cleared: what was known before is void."""
    size: int
    """Bytes of the whole message."""


class Hello(NamedTuple):
    """Who is speaking."""

    envelope: Envelope
    """What the message began with."""
    facts: Mapping[str, Any]
    """What the hello says, each known fact of its known type (``hello.FACTS``)."""
    tables: tuple[Table, ...]
    """The tables of the session."""


class Block(NamedTuple):
    """Rows of one table."""

    table: Table
    """Declaration of the table."""
    columns: Mapping[str, Sequence[Any]]
    """Values of each column that the message has, all equally many, by the column's name."""

    @classmethod
    def of(cls, table: Table, rows: Iterable[Sequence[Any]]) -> Block:
        """Make a block from rows.

        Parameters
        ----------
        table
            Declaration of the table.
        rows
            The rows, each with a value for every column of the table, or for the first of them.

        Returns
        -------
        Block
            The same, by columns.

        """
        names = [column.name for column in table.columns]
        columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(names)
        return cls(table, dict(zip(names[: len(columns)], columns, strict=True)))

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Go through the rows.

        Returns
        -------
        Iterator
            A tuple for each row, in the order of ``columns``.

        """
        return zip(*self.columns.values(), strict=True)


class Rows(NamedTuple):
    """Rows of one or more tables."""

    envelope: Envelope
    """What the message began with."""
    blocks: tuple[Block, ...]
    """The rows by table, as sent; tables that the reader does not know are left out."""


class Bye(NamedTuple):
    """The session ended in order."""

    envelope: Envelope
    """What the message began with."""
    reason: str
    """Why it ended."""


class Unknown(NamedTuple):
    """A message of a kind that this version does not know, and may pass over."""

    envelope: Envelope
    """What the message began with."""


Message = Hello | Rows | Bye | Unknown
"""Anything that ``codec.decode`` gives."""
