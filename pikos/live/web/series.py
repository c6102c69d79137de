"""Numbers against an index or a time: the memory of a process, or a field of records."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from pikos.live.measures import SIZES, numeric
from pikos.live.text import safe
from pikos.live.web.choice import POINTS_MAX
from pikos.model.rows import SessionRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.live.scene import Scene
    from pikos.live.web.choice import Choice
    from pikos.live.web.hub import Hub

INDEX = "index"
"""What stands along the chart where nothing else is chosen."""

TIME = "time"
"""Seconds since a session began."""

CELL_MAX = 200
"""Columns that a value takes at most where all of a point's are told."""

_MEMORY = {"rss_bytes": "RSS", "vms_bytes": "VMS"}
_OF_NO_USE = frozenset({"id", "enabled"})


class Table(NamedTuple):
    """Rows of values that may be drawn."""

    fields: tuple[str, ...]
    """Names of their fields."""
    numeric: tuple[str, ...]
    """Those of them that are numbers."""
    rows: Sequence[tuple[Any, ...]]
    """The rows, the newest one last."""


def series(_: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Make a series of points: the newest ones, or all as far as a chart can show them.

    ``points`` holds of each point its x and y, and then the values of all ``fields``.
    """
    kinds = list(scene.snapshot.records)
    kind = choice.kind if choice.kind in kinds else next(iter(kinds), "")
    table = _records(scene, kind) if kind else _session(scene)
    along = [name for name in (INDEX, TIME, *table.numeric) if name in table.fields]
    x = choice.x if choice.x in along else next(iter(along), "")
    drawn = [name for name in table.numeric if name not in {INDEX, TIME}] or list(table.numeric)
    y = choice.y if choice.y in drawn else next(iter(drawn), "")
    rows = table.rows[-choice.points :] if choice.points else table.rows
    points = _points(table, rows, x, y) if x and y else []
    return {
        "kinds": [{"id": name, "name": safe(name, CELL_MAX)} for name in kinds],
        "kind": kind,
        "xs": [{"id": name, "name": safe(name, CELL_MAX)} for name in along],
        "ys": [{"id": name, "name": safe(name, CELL_MAX)} for name in drawn],
        "x": x,
        "y": y,
        "unit": unit_of(y),
        "x_unit": "s" if x == TIME and not kind else unit_of(x),
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
    fields = (INDEX, TIME, *(_MEMORY.get(name, name) for name in told))
    rows = [
        (index, reading.time_ns / 1e9, *(getattr(reading.session, name) for name in told))
        for index, reading in enumerate(scene.memory)
        if reading.session is not None
    ]
    return Table(fields, fields, rows)


def _records(scene: Scene, kind: str) -> Table:
    told = scene.snapshot.records[kind]
    if INDEX in told.fields:
        return Table(told.fields, tuple(numeric(told)), told.rows)
    first = told.received - len(told.rows)
    rows = [(first + place, *row) for place, row in enumerate(told.rows)]
    return Table((INDEX, *told.fields), (INDEX, *numeric(told)), rows)


def _points(
    table: Table, rows: Sequence[tuple[Any, ...]], x: str, y: str
) -> list[tuple[float, float, tuple[Any, ...]]]:
    x_at, y_at = table.fields.index(x), table.fields.index(y)
    return [
        (row[x_at], row[y_at], row)
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
