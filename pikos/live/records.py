"""The tables of records: the newest of each type, as a recorder publishes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.live.functions import matcher
from pikos.live.scene import Line
from pikos.live.text import count, left, safe, size, table

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


def records(scene: Scene, state: ViewState, lines: int, width: int) -> list[Line]:
    """Draw the newest records of each type, the newest one last.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen: filter, and how far back to look.
    lines
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    list of Line
        For each type a title, the names of its fields, and records.

    """
    shown = scene.snapshot.records
    if not shown:
        return [Line(left("no record yet", width), "heading")][: max(0, lines)]
    drawn: list[Line] = []
    share = max(_TITLES + 1, lines // len(shown))
    for name, told in shown.items():
        room = min(share, lines - len(drawn))
        if room <= 0:
            break
        try:
            drawn += _type(name, told, state, room, width)
        except ValueError as error:
            why = f"filter {state.pattern!r} makes no sense: {error}"
            return [Line(safe(why, width), "warning")][: max(0, lines)]
    return drawn


def _type(name: str, told: Records, state: ViewState, lines: int, width: int) -> list[Line]:
    rows: Sequence[tuple[Any, ...]] = told.rows
    title = f"{safe(name, CELL_MAX)}: {count(told.published)} records"
    if state.pattern or state.typing:
        fits = matcher(state.pattern)
        rows = [row for row in rows if any(fits(str(value)) for value in row)]
        title += f", {count(len(rows))} of the newest {count(len(told.rows))} with "
        title += safe(state.pattern) + ("▏" if state.typing else "")
    room = max(0, lines - _TITLES)
    end = max(min(room, len(rows)), len(rows) - state.offset)
    laid = table(
        [told.fields, *(_cells(told.fields, row) for row in rows[max(0, end - room) : end])],
        numbers=_numbers(told),
    )
    return [
        Line(left(safe(title, width), width), "heading"),
        Line(safe(laid[0], width), "bold"),
        *(Line(safe(line, width)) for line in laid[1:]),
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


def memory(scene: Scene) -> str:
    """Tell the memory of the process, as the newest record that has it says.

    Parameters
    ----------
    scene
        What there is to see.

    Returns
    -------
    str
        One line, empty where no record tells.

    """
    for told in sorted(scene.snapshot.records.values(), key=lambda each: -each.heard_at):
        if told.rows:
            newest = dict(zip(told.fields, told.rows[-1], strict=True))
            found = [
                f"{field} {cell_of(field, newest[field])}"
                for field in ("RSS", "VMS")
                if field in newest
            ]
            if found:
                return " · ".join(found)
    return ""
