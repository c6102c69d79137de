"""Differences of two profiles as text and as JSON."""

from __future__ import annotations

import json
from functools import reduce
from typing import TYPE_CHECKING, Any

from pikos.comparison.counts import Counts
from pikos.live.text import count, duration, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pikos.comparison.difference import Row
    from pikos.comparison.profile import Compared, Name

ORDERS: dict[str, Callable[[Row], Any]] = {
    "self": lambda row: -abs(row.difference.self_ns),
    "cumulative": lambda row: -abs(row.difference.cumulative_ns),
    "calls": lambda row: -abs(row.difference.calls),
    "primitive": lambda row: -abs(row.difference.primitive_calls),
    "name": lambda row: row.name,
}
"""What differences can be sorted by: the greatest first, be it more or less."""

HEADS = ("calls", "±calls", "self", "±self", "cumulative", "±cumulative", "function")
"""What stands above the columns: of B, and how much more than in A."""


def ordered(rows: Iterable[Row], order: str) -> list[Row]:
    """Sort differences; what was called in neither profile is left out.

    Parameters
    ----------
    rows
        The differences.
    order
        One of ``ORDERS``.

    Returns
    -------
    list of Row
        The differences.

    """
    told = [row for row in rows if any(row.before) or any(row.after)]
    return sorted(told, key=lambda row: (ORDERS[order](row), row.name))


def as_text(
    a: Compared, b: Compared, rows: Sequence[Row], limit: int, notes: Iterable[str]
) -> list[str]:
    """Lay out differences as a table.

    Parameters
    ----------
    a, b
        The profiles.
    rows
        The differences, in order.
    limit
        Functions to show at most.
    notes
        What limits the comparison.

    Returns
    -------
    list of str
        Lines.

    """
    shown = rows[:limit]
    before = reduce(Counts.plus, (row.before for row in rows), Counts())
    after = reduce(Counts.plus, (row.after for row in rows), Counts())
    heading = f"function ({len(shown):,} of {len(rows):,})"
    cells = [
        [*HEADS[:-1], heading],
        [*_cells(after, after.minus(before))[:4], "", "", "all"],
        *(
            [
                *_cells(row.after, row.difference),
                " ".join([row.name, *map("[{}]".format, _marks(row))]),
            ]
            for row in shown
        ),
    ]
    return [
        f"A: {a.title}",
        f"B: {b.title}",
        *(f"note: {note}" for note in notes),
        "",
        *table(cells, numbers=[True] * (len(HEADS) - 1) + [False]),
    ]


def _marks(row: Row) -> Iterator[str]:
    if row.state:
        yield row.state
    sides = [name for name, side in (("A", row.before), ("B", row.after)) if side.open_calls]
    if sides:
        yield f"open in {' and '.join(sides)}"


def _cells(after: Counts, more: Counts) -> list[str]:
    return [
        count(after.calls),
        _signed(count, more.calls),
        duration(after.self_ns),
        _signed(duration, more.self_ns),
        duration(after.cumulative_ns),
        _signed(duration, more.cumulative_ns),
    ]


def _signed(write: Callable[[float], str], number: int) -> str:
    return f"{'+' if number > 0 else ''}{write(number)}" if number else "="


def as_json(a: Compared, b: Compared, rows: Sequence[Row], notes: Iterable[str]) -> str:
    """Write differences down as JSON; times are in ns.

    Parameters
    ----------
    a, b
        The profiles.
    rows
        The differences, in order.
    notes
        What limits the comparison.

    Returns
    -------
    str
        One line of ASCII.

    """
    return json.dumps(
        {
            "a": {"title": a.title, "clock": a.clock},
            "b": {"title": b.title, "clock": b.clock},
            "notes": list(notes),
            "functions": [
                {
                    "state": row.state or "both",
                    "a": _place(row.a),
                    "b": _place(row.b),
                    "before": row.before._asdict(),
                    "after": row.after._asdict(),
                    "difference": row.difference._asdict(),
                }
                for row in rows
            ],
        }
    )


def _place(name: Name | None) -> dict[str, Any] | None:
    return None if name is None else name._asdict()
