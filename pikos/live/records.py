"""The tables of records: the newest of each type, as a recorder publishes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.live.function_table import filtered
from pikos.live.functions import matcher
from pikos.live.layout import Column, fitted
from pikos.live.scene import Line, Picture
from pikos.live.text import count, left, safe, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import Records

SIZES = frozenset({"RSS", "VMS"})
"""Fields that are numbers of bytes."""

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
            rows = _chosen(told, state)
        except ValueError as error:
            why = f"filter {state.pattern!r} makes no sense: {error}"
            return Picture([Line(safe(why, width), "warning")][: max(0, room)])
        drawn += _type(name, told, rows, state, lines, width)
        keys = keys or _moves(told.fields, rows, state, lines - _TITLES)
    return Picture(drawn, keys)


def _chosen(told: Records, state: ViewState) -> Sequence[tuple[Any, ...]]:
    """Find the records that the filter lets through."""
    if not state.pattern:
        return told.rows
    fits = matcher(state.pattern)
    return [row for row in told.rows if any(fits(str(value)) for value in row)]


def _end(rows: Sequence[object], state: ViewState, room: int) -> int:
    """Choose the record before which to end: so far back, and never past the first."""
    return max(min(room, len(rows)), len(rows) - state.row)


def _moves(
    fields: Sequence[str], rows: Sequence[tuple[Any, ...]], state: ViewState, room: int
) -> dict[str, str]:
    """Tell what keys mean: they lead back and forth, and to the source of the last one shown."""
    end = _end(rows, state, room)
    back = len(rows) - end
    page = max(1, room - 1)
    steps = {
        "up": 1,
        "down": -1,
        "page up": page,
        "page down": -page,
        "home": len(rows),
        "end": -back,
    }
    keys = {key: f"row {max(0, min(back + step, len(rows)))} 0" for key, step in steps.items()}
    keys["k"], keys["j"] = keys["up"], keys["down"]
    if end and {"lineNo", "filename"}.issubset(fields):
        last = dict(zip(fields, rows[end - 1], strict=True))
        if isinstance(last["lineNo"], int):
            keys["l"] = keys["enter"] = f"source {last['lineNo']} {last['filename']}"
    return keys


def _type(
    name: str,
    told: Records,
    rows: Sequence[tuple[Any, ...]],
    state: ViewState,
    lines: int,
    width: int,
) -> list[Line]:
    title = f"{safe(name, CELL_MAX)}: {count(told.published)} records"
    if state.pattern or state.typing:
        title += f", {count(len(rows))} of the newest {count(len(told.rows))}{filtered(state)}"
    room = max(0, lines - _TITLES)
    end = _end(rows, state, room)
    cells = [_cells(told.fields, row) for row in rows[max(0, end - room) : end]]
    numbers = _numbers(told)
    laid = fitted(
        [
            Column(safe(field), 0, number)
            for field, number in zip(told.fields, numbers, strict=True)
        ],
        cells,
        width,
    )
    return [
        Line(left(safe(title, width), width), "heading"),
        laid.heading()._replace(style="bold"),
        *(laid.row(row) for row in cells),
    ][:lines]


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
    told = f"{count(published)} records"
    if before is not None and snapshot.time_ns > before.time_ns:
        seconds = (snapshot.time_ns - before.time_ns) / 1e9
        new = published - sum(each.published for each in before.records.values())
        told += f", {count(new / seconds)}/s"
    types = len(snapshot.records)
    return f"{told} · {count(types)} {'type' if types == 1 else 'types'}"


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
        f"{count(sum(each.dropped for each in shown))} records came too fast",
        f"{count(sum(each.missed for each in shown))} not received",
        f"{count(sum(each.misfits for each in shown))} values changed",
    ]
