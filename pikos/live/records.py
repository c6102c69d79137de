"""The tables of records: the newest of each type, as a recorder publishes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.live.function_table import filtered
from pikos.live.functions import matcher
from pikos.live.layout import Column, fitted, newest
from pikos.live.measures import SIZES
from pikos.live.scene import Line, Picture
from pikos.live.text import count, counted, left, safe, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import Records

CELL_MAX = 60
"""Columns of the screen that a value takes at most, unless it is the last of its line."""

_TITLES = 2  # lines above the records of a type


def records(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the newest records of each type, the newest one last.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen: filter, and how far back to look.
    room
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    Picture
        For each type a title, the names of its fields, and records.

    """
    shown = scene.snapshot.records
    if not shown:
        return Picture([Line(left("no record yet", width), "heading")][: max(0, room)])
    drawn: list[Line] = []
    keys: dict[str, str] = {}
    share = max(_TITLES + 1, room // len(shown))
    for name, told in shown.items():
        lines = min(share, room - len(drawn))
        if lines <= 0:
            break
        try:
            rows = chosen(told, state)
        except ValueError as error:
            why = f"filter {state.pattern!r} makes no sense: {error}"
            return Picture([Line(safe(why, width), "warning")][: max(0, room)])
        seen, moves = newest(state, len(rows), lines - _TITLES)
        drawn += _type(name, told, state, rows[seen], len(rows), width)[:lines]
        if rows[seen] and not keys:
            keys = {**moves, **_source_keys(told.fields, rows[seen][-1])}
    return Picture(drawn, keys)


def chosen(told: Records, state: ViewState) -> Sequence[tuple[Any, ...]]:
    """Find the records that the filter lets through.

    Parameters
    ----------
    told
        Records of one type.
    state
        What the user has chosen.

    Returns
    -------
    sequence
        Those of which a value has the filter's text.

    Raises
    ------
    ValueError
        If the filter makes no sense.

    """
    if not state.pattern:
        return told.rows
    fits = matcher(state.pattern)
    return [row for row in told.rows if any(fits(str(value)) for value in row)]


def _source_keys(fields: Sequence[str], last: Sequence[Any]) -> dict[str, str]:
    """Tell what keys mean that lead to the source of a record."""
    if not {"lineNo", "filename"}.issubset(fields):
        return {}
    told = dict(zip(fields, last, strict=True))
    if not isinstance(told["lineNo"], int):
        return {}
    return dict.fromkeys(("l", "enter"), f"source {told['lineNo']} {told['filename']}")


def _type(
    name: str,
    told: Records,
    state: ViewState,
    rows: Sequence[tuple[Any, ...]],
    found: int,
    width: int,
) -> list[Line]:
    """Draw those records of a type that are seen, of so many that the filter found."""
    title = f"{safe(name, CELL_MAX)}: {counted(told.published, 'record')}"
    if state.pattern or state.typing:
        title += f", {count(found)} of the newest {count(len(told.rows))}{filtered(state)}"
    cells = [_cells(told.fields, row) for row in rows]
    columns = [
        Column(safe(field), 0, number)
        for field, number in zip(told.fields, _numbers(told), strict=True)
    ]
    laid = fitted(columns, cells, width)
    return [
        Line(left(safe(title, width), width), "heading"),
        laid.heading()._replace(style="bold"),
        *(laid.row(row) for row in cells),
    ]


def _numbers(told: Records) -> list[bool]:
    """Tell which columns hold numbers, by the newest record."""
    if not told.rows:
        return [False] * len(told.fields)
    return [isinstance(value, int | float) for value in told.rows[-1]]


def _cells(fields: Sequence[str], row: Sequence[Any]) -> list[str]:
    cells = [cell_of(field, value) for field, value in zip(fields, row, strict=True)]
    return [*(safe(cell, CELL_MAX) for cell in cells[:-1]), *cells[-1:]]


def cell_of(field: str, value: object) -> str:
    """Write one value for people.

    Parameters
    ----------
    field
        Name of the field.
    value
        What a record has in it.

    Returns
    -------
    str
        Sizes with their unit, everything else as it is: data from a stranger.

    """
    if field in SIZES and isinstance(value, int):
        return size(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def sizes(scene: Scene) -> str:
    """Sum up how much was recorded.

    Parameters
    ----------
    scene
        What there is to see.

    Returns
    -------
    str
        One line.

    """
    snapshot, before = scene.snapshot, scene.baseline
    published = sum(each.published for each in snapshot.records.values())
    told = counted(published, "record")
    if before is not None and snapshot.time_ns > before.time_ns:
        seconds = (snapshot.time_ns - before.time_ns) / 1e9
        new = published - sum(each.published for each in before.records.values())
        told += f", {count(new / seconds)}/s"
    return f"{told} · {counted(len(snapshot.records), 'type')}"


def losses(scene: Scene) -> list[str]:
    """Sum up which records are not there.

    Parameters
    ----------
    scene
        What there is to see.

    Returns
    -------
    list of str
        What was dropped, missed or changed.

    """
    shown = scene.snapshot.records.values()
    return [
        f"{counted(sum(each.dropped for each in shown), 'record')} came too fast",
        f"{count(sum(each.missed for each in shown))} not received",
        f"{counted(sum(each.misfits for each in shown), 'value')} changed",
    ]
