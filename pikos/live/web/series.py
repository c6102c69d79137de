"""Numbers against an index or a time: the memory of a process, or a field of records."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pikos.live.measures import CLOCK, SIZES, measures, numeric
from pikos.live.records import chosen
from pikos.live.text import safe
from pikos.live.web.choice import POINTS_MAX
from pikos.model.rows import SessionRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.live.scene import Scene
    from pikos.live.web.choice import Choice
    from pikos.live.web.hub import Hub

INDEX = "index"
"""What stands along the chart where no time is known."""

TIME = "time"
"""Seconds since a session began; of records, of the clock that they have."""

CELL_MAX = 200
"""Columns that a value takes at most where all of a point's are told."""

_MEMORY = {"rss_bytes": "RSS", "vms_bytes": "VMS"}
_OF_NO_USE = frozenset({"id", "enabled"})


class Table(NamedTuple):
    """Rows of values that may be drawn."""

    fields: tuple[str, ...]
    """Names of their fields."""
    along: tuple[str, ...]
    """What may stand along the chart, the best first."""
    drawn: tuple[str, ...]
    """What may be drawn, the best first."""
    rows: Sequence[tuple[Any, ...]]
    """The rows, the newest one last."""


def series(_: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Make a series of points: the newest ones, or all as far as a chart can show them.

    ``points`` holds of each point its x and y, and then the values of all ``fields``.  Times of
    records are seconds of their clock, which starts anywhere: ``origin`` is the first that is kept.

    Raises
    ------
    ValueError
        If the filter of records makes no sense.

    """
    kinds = list(scene.snapshot.records)
    kind = choice.kind if choice.kind in kinds else next(iter(kinds), "")
    table = _records(scene, kind, choice) if kind else _session(scene)
    x = choice.x if choice.x in table.along else next(iter(table.along), "")
    y = choice.y if choice.y in table.drawn else next(iter(table.drawn), "")
    rows = table.rows[-choice.points :] if choice.points else table.rows
    points = _points(table, rows, x, y) if x and y else []
    first = _points(table, table.rows[:1], x, y) if kind and x == TIME and y else []
    return {
        "kinds": [{"id": name, "name": safe(name, CELL_MAX)} for name in kinds],
        "kind": kind,
        "xs": [{"id": name, "name": safe(name, CELL_MAX)} for name in table.along],
        "ys": [{"id": name, "name": safe(name, CELL_MAX)} for name in table.drawn],
        "x": x,
        "y": y,
        "unit": unit_of(y),
        "x_unit": "s" if x == TIME else unit_of(x),
        "origin": first[0][0] if first else 0.0,
        "fields": [safe(name, CELL_MAX) for name in table.fields],
        "total": len(table.rows),
        "points": thinned(points, POINTS_MAX),
    }


def unit_of(field: str) -> str:
    """Tell the unit of a field by its name: ``bytes``, ``ns``, or nothing."""
    if field in SIZES or field.endswith("_bytes"):
        return "bytes"
    return "ns" if field.endswith("_ns") else ""


def _session(scene: Scene) -> Table:
    """Lay out what a profiler told of its process over time."""
    told = [name for name in SessionRow._fields if name not in _OF_NO_USE]
    told.sort(key=lambda name: name not in _MEMORY)
    measured = tuple(_MEMORY.get(name, name) for name in told)
    rows = [
        (index, reading.time_ns / 1e9, *(getattr(reading.session, name) for name in told))
        for index, reading in enumerate(scene.memory)
        if reading.session is not None
    ]
    return Table((INDEX, TIME, *measured), (TIME, INDEX, *measured), measured, rows)


def _records(scene: Scene, kind: str, choice: Choice) -> Table:
    """Lay out the records of a type that the filter lets through, each with an index."""
    told = scene.snapshot.records[kind]
    if INDEX not in told.fields:
        first = told.received - len(told.rows)
        rows = tuple((first + place, *row) for place, row in enumerate(told.rows))
        told = replace(told, fields=(INDEX, *told.fields), rows=rows)
    drawn = tuple(measures(told))
    timed = (TIME,) if CLOCK in numeric(told) else ()
    return Table(told.fields, (*timed, INDEX, *drawn), drawn, chosen(told, choice.view))


def _points(
    table: Table, rows: Sequence[tuple[Any, ...]], x: str, y: str
) -> list[tuple[float, float, tuple[Any, ...]]]:
    by_clock = x == TIME and TIME not in table.fields
    x_at, y_at = table.fields.index(CLOCK if by_clock else x), table.fields.index(y)
    return [
        (row[x_at] / 1e9 if by_clock else row[x_at], row[y_at], row)
        for row in rows
        if _is_number(row[x_at]) and _is_number(row[y_at])
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def thinned(points: Sequence[tuple[float, float, tuple[Any, ...]]], most: int) -> list[list[Any]]:
    """Leave out points where there are too many; no peak is lost.

    Parameters
    ----------
    points
        x, y and all values of each.
    most
        How many to keep at most; 2 at least.

    Returns
    -------
    list
        Of each point x, y and its values: of every stretch the lowest and the highest one.

    """
    if len(points) > most:
        kept = []
        stretch = math.ceil(len(points) / (most // 2))
        for begin in range(0, len(points), stretch):
            within = range(begin, min(begin + stretch, len(points)))
            lowest = min(within, key=lambda place: points[place][1])
            highest = max(within, key=lambda place: points[place][1])
            kept += sorted({lowest, highest})
        points = [points[place] for place in kept]
    return [[x, y, *map(_value, row)] for x, y, row in points]


def _value(value: object) -> object:
    """Make a value fit for JSON and for the eye."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int | float) and abs(value) <= 2**53:
        return value
    return safe(str(value), CELL_MAX)
