"""A pstats file as a source of messages: those of a session that had counted the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pikos.comparison.names import BUILTIN_FILE, plain_builtin, without_addresses
from pikos.comparison.pstats_rows import read_pstats
from pikos.errors import PstatsError
from pikos.live.last_state import StillState
from pikos.live.ledger_rows import BLOCK_ROWS
from pikos.model.rows import BUILTIN, Edge, Function, Stat
from pikos.wire.codec import Stamp, encode_bye, encode_hello, encode_rows
from pikos.wire.messages import Block
from pikos.wire.tables import EDGE, FLAG_KEYFRAME, FLAG_KEYFRAME_END, FUNCTION, SESSION, STAT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pikos.comparison.counts import Counts
    from pikos.comparison.pstats_rows import Label, Row
    from pikos.wire.tables import Table

FILE_MAX = 256 * 1024 * 1024
"""Bytes that a pstats file, or a state as JSON, may have."""

_STREAM_SIZE = 16


class PstatsFile(StillState):
    """The functions and callers of a pstats file, which has no stacks.

    Parameters
    ----------
    path
        The file.

    Raises: PstatsError from the constructor
    Threads: one at a time
    """

    def __init__(self, path: str) -> None:
        try:
            rows = read_pstats(read_bounded(path))
        except ValueError as error:
            raise PstatsError(path, str(error)) from None
        super().__init__(_frames(os.path.basename(path), rows))


def read_bounded(path: str) -> bytes:
    """Read a file that may have ``FILE_MAX`` bytes.

    Raises
    ------
    ValueError
        If it has more.
    OSError
        If it cannot be read.

    """
    with open(path, "rb") as file:
        content = file.read(FILE_MAX + 1)
    if len(content) > FILE_MAX:
        raise ValueError(f"it has more than {FILE_MAX:,} bytes")
    return content


def _frames(name: str, rows: Mapping[Label, Row]) -> Iterator[bytes]:
    stream, sequence = os.urandom(_STREAM_SIZE), 0
    yield encode_hello(Stamp(stream, sequence, 0), {"argv": [name]})
    for block in _blocks(rows):
        sequence += 1
        flags = FLAG_KEYFRAME | (FLAG_KEYFRAME_END if block.table is SESSION else 0)
        yield encode_rows(Stamp(stream, sequence, 0, flags=flags), [block])
    yield encode_bye(Stamp(stream, sequence + 1, 0), "a pstats file")


def _blocks(rows: Mapping[Label, Row]) -> Iterator[Block]:
    numbers = {label: number for number, label in enumerate(_labels(rows), 1)}
    functions = [_function(number, label) for label, number in numbers.items()]
    stats = [_stat(numbers[label], row.counts) for label, row in rows.items()]
    edges = [
        edge
        for label, row in rows.items()
        for edge in _edges(numbers[label], row, {numbers[one]: c for one, c in row.callers.items()})
    ]
    tables: tuple[tuple[Table, Sequence[Sequence[object]]], ...] = (
        (FUNCTION, functions),
        (STAT, stats),
        (EDGE, edges),
        (SESSION, [(1, 0, len(functions), len(edges), *[0] * (len(SESSION.columns) - 4))]),
    )
    for table, made in tables:
        for begin in range(0, len(made), BLOCK_ROWS):
            yield Block.of(table, made[begin : begin + BLOCK_ROWS])


def _labels(rows: Mapping[Label, Row]) -> dict[Label, None]:
    """Every function once: some files name callers that have no row of their own."""
    callers = (caller for row in rows.values() for caller in row.callers)
    return dict.fromkeys([*rows, *callers])


def _function(number: int, label: Label) -> Function:
    file, line, name = label
    if file != BUILTIN_FILE:
        return Function(number, 0, line, name, name, file)
    return Function(number, BUILTIN, line, name, plain_builtin(without_addresses(name)), file)


def _stat(number: int, counts: Counts) -> tuple[int, ...]:
    recursive = counts.calls - counts.primitive_calls
    return Stat(number, counts.calls, recursive, 0, counts.self_ns, counts.cumulative_ns)[:-1]


def _edges(callee: int, row: Row, callers: Mapping[int, Counts]) -> Iterator[tuple[int, ...]]:
    """One for each caller, and what is left of the calls: from outside of every function."""
    outside = row.counts
    for caller, counts in callers.items():
        outside = outside.minus(counts)
        yield _edge(caller, callee, counts)
    if outside.calls > 0:
        yield _edge(0, callee, outside)


def _edge(caller: int, callee: int, counts: Counts) -> tuple[int, ...]:
    recursive = max(0, counts.calls - counts.primitive_calls)
    own_ns, total_ns = max(0, counts.self_ns), max(0, counts.cumulative_ns)
    return Edge(caller, callee, counts.calls, recursive, own_ns, total_ns)[:-1]
