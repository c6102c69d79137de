"""The function table: every function that was called, with what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.live.bindings import SORT_KEYS
from pikos.live.functions import COLUMNS
from pikos.live.layout import Column, Table, under, window
from pikos.live.scene import Line, Picture, Span
from pikos.live.text import count, duration, safe

if TYPE_CHECKING:
    from pikos.live.functions import Column as FunctionColumn, FunctionRow
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import Snapshot

EXPENDABLE = (
    ("primitive", 24),
    ("per_call", 24),
    ("rate", 24),
    ("open", 24),
    ("calls", 12),
    ("cumulative", 12),
    ("self", 12),
)
"""Columns that are left out, in this order, where the function's name had less room than this."""


def functions(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the function table.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.
    room
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    Picture
        The heading and the rows.

    """
    # A row may be chosen that is not there any more: the last one is, then.
    wanted = max(state.row, state.first) + max(1, room)
    try:
        rows, total = scene.functions.top(
            wanted, sort=state.sort, descending=state.descending, pattern=state.pattern
        )
    except ValueError as error:
        return Picture(
            [Line(safe(f"filter {state.pattern!r} makes no sense: {error}", width), "warning")]
        )
    names = _columns(width, state.sort)
    laid = Table(_titles(names, state, total), width)

    def make(first: int, last: int) -> list[Line]:
        return [_function(laid, row, names) for row in rows[first:last]]

    shown = under([laid.heading()], window(state, total, room - 1, make))
    chosen = rows[min(state.row, len(rows) - 1)].function if rows else 0
    return shown._replace(keys={**shown.keys, **source_key(scene.snapshot, chosen)})


def source_key(snapshot: Snapshot, number: int) -> dict[str, str]:
    """Tell what the key for the source of a function means.

    Parameters
    ----------
    snapshot
        The session.
    number
        Id of the function.

    Returns
    -------
    dict
        Nothing if the function is not known.

    """
    function = snapshot.functions.get(number)
    return {} if function is None else {"l": f"source {function.line} {function.file}"}


def _columns(width: int, sort: str) -> list[str]:
    """Choose the columns that there is room for; what is sorted by stays."""
    names = [column.name for column in COLUMNS]
    for name, least in EXPENDABLE:
        taken = sum(
            _width(column, is_sorted=column.name == sort) + 2
            for column in COLUMNS
            if column.name in names[:-1]
        )
        if width - taken >= least:
            break
        if name != sort:
            names.remove(name)
    return names


def _width(column: FunctionColumn, *, is_sorted: bool) -> int:
    """Return how wide a column is: its title is whole, with the mark of what is sorted by."""
    return max(column.width, len(column.title) + is_sorted) if column.width else 0


def _titles(names: list[str], state: ViewState, total: int) -> list[Column]:
    titles = []
    for column in COLUMNS:
        if column.name in names:
            is_sorted = column.name == state.sort
            mark = ("▼" if state.descending else "▲") if is_sorted else ""
            title = column.title
            if column.name == "name":
                title = f"{title} ({count(total)}{filtered(state)})"
            titles.append(
                Column(
                    mark + title,
                    _width(column, is_sorted=is_sorted),
                    number=column.name != "name",
                    key=SORT_KEYS[column.name],
                    style="number" if column.name == state.sort != "name" else None,
                )
            )
    return titles


def filtered(state: ViewState) -> str:
    """Tell the filter, as it stands in a heading.

    Parameters
    ----------
    state
        What the user has chosen.

    Returns
    -------
    str
        Empty if there is none.

    """
    if state.typing:
        return f" with {safe(state.pattern)}▏"
    return f" with {safe(state.pattern)}" if state.pattern else ""


def cells_of(row: FunctionRow) -> list[str]:
    """Write a row for people.

    Parameters
    ----------
    row
        One function.

    Returns
    -------
    list of str
        A cell for each of ``COLUMNS``; the name in it is a stranger's.

    """
    return [
        count(row.calls),
        count(row.primitive),
        duration(row.self),
        duration(row.cumulative),
        duration(row.per_call) if row.primitive > 0 else "-",
        count(row.rate) if row.rate >= 0 else "-",
        count(row.open) if row.open else "",
        row.name,
    ]


def _function(laid: Table, row: FunctionRow, names: list[str]) -> Line:
    cells = [
        cell for column, cell in zip(COLUMNS, cells_of(row), strict=True) if column.name in names
    ]
    line = laid.row(cells, key=f"function {row.function}")
    return name_in(line, len(line.text) - laid.rest())


def name_in(line: Line, begin: int) -> Line:
    """Tell a function's name from its place, by how they are shown.

    Parameters
    ----------
    line
        A line that ends with both.
    begin
        Character at which the name begins.

    Returns
    -------
    Line
        The line, with spans for them.

    """
    place = line.text.find(" (", begin)
    end = len(line.text) if place < 0 else place
    spans = [span for span in line.spans if span.end <= begin]
    spans.append(Span(begin, end, "name"))
    if place >= 0:
        spans.append(Span(place, len(line.text), "dim"))
    return line._replace(spans=tuple(spans))
