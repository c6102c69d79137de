"""The panels of a page: each makes of a scene what the page's script draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.live.flame import DEPTH_MAX, Tree
from pikos.live.function_table import cells_of
from pikos.live.functions import COLUMNS, label, matcher, searched_text
from pikos.live.line_costs import NO_COST, line_costs, recorded_text
from pikos.live.records import cell_of, chosen
from pikos.live.text import TAB, count, duration, safe, size
from pikos.live.view import PANELS
from pikos.live.web.series import series as points_of
from pikos.model.unstacked import unstacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pikos.live.flame import Node
    from pikos.live.scene import Line, Scene
    from pikos.live.web.choice import Choice
    from pikos.live.web.hub import Hub
    from pikos.model import Snapshot

NAME_MAX = 300
"""Columns that a name takes at most."""

BARS_MAX = 300
"""Functions that the bar chart has at most."""

NODES_MAX = 4000
"""Calls that the flame graph has at most: those that take the most time."""

LINES_MAX = 5000
"""Lines that one of the terminal's panels has at most."""

TIMES = frozenset({"self", "cumulative", "per_call"})
"""Columns of the function table that are ns."""


def functions(_: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Make the rows of the function table that the page shows."""
    view = choice.view
    try:
        rows, total = scene.functions.top(
            choice.first + choice.count,
            sort=view.sort,
            descending=view.descending,
            pattern=view.pattern,
        )
    except ValueError as error:
        return _nonsense(choice, error)
    return {
        "columns": [
            {
                "name": column.name,
                "title": column.title,
                "meaning": column.meaning,
                "number": column.name != "name",
            }
            for column in COLUMNS
        ],
        "total": total,
        "first": choice.first,
        "rows": [
            {"id": str(row.function), "cells": [safe(cell, NAME_MAX) for cell in cells_of(row)]}
            for row in rows[choice.first :]
        ],
    }


def bars(_: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Make the bars: one value of the functions that have the most of it, or come first by name."""
    view = choice.view
    try:
        rows, total = scene.functions.top(
            BARS_MAX,
            sort="name" if view.sort == "name" else choice.value,
            descending=view.descending,
            pattern=view.pattern,
        )
    except ValueError as error:
        return _nonsense(choice, error)
    return {
        "total": total,
        "unit": "ns" if choice.value in TIMES else "",
        "title": next(column.title for column in COLUMNS if column.name == choice.value),
        "bars": [
            {
                "id": str(row.function),
                "name": safe(row.name, NAME_MAX),
                "value": max(0, getattr(row, choice.value)),
            }
            for row in rows
        ],
    }


def flame(_: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Make the flame graph below what is zoomed into, as far as a pixel shows it.

    ``nodes`` holds, callers first, of each call: the place of its caller in the list (-1 for
    none), function, begin and width as parts of the whole, time in ns, calls that have returned,
    and open ones.
    """
    snapshot = scene.snapshot
    try:
        fits = matcher(choice.view.pattern)
    except ValueError as error:
        return _nonsense(choice, error)
    tree = Tree(snapshot)
    top = tree.find(choice.view.zoom)
    least_ns = top.value_ns // (2 * choice.width)
    nodes: list[list[Any]] = []
    names: dict[str, list[str]] = {}

    def put(node: Node, caller: int, begin: float, width: float) -> int:
        number = str(node.path[-1]) if node.path else "0"
        if number not in names:
            function = snapshot.functions.get(node.path[-1]) if node.path else None
            told = label(function, node.path[-1]) if node.path else "all calls"
            short = told if function is None else function.qualified_name
            names[number] = [safe(short, NAME_MAX), safe(told, NAME_MAX)]
        nodes.append([caller, number, begin, width, node.value_ns, node.calls, node.open])
        return len(nodes) - 1

    at = -1
    for depth in range(len(top.path)):
        at = put(tree.find(top.path[:depth]), at, 0.0, 1.0)
    waiting = [(top, at, 0.0, 1.0)]
    for node, caller, begin, width in waiting:  # level by level, so that what is cut off is deep
        if len(nodes) >= NODES_MAX:
            break
        placed = put(node, caller, begin, width)
        children = tree.children(node, least_ns)
        whole_ns = max(node.value_ns, sum(child.value_ns for child in children), 1)
        passed_ns = 0
        for child in children:
            left = begin + width * passed_ns / whole_ns
            waiting.append((child, placed, left, width * child.value_ns / whole_ns))
            passed_ns += child.value_ns
    folded = unstacked(snapshot)
    return {
        "zoom": [str(number) for number in top.path],
        "nodes": nodes if top.value_ns else [],
        "names": names,
        "fitting": _fitting(snapshot, names, fits) if choice.view.pattern else None,
        "whole_ns": tree.root.value_ns,
        "more": len(waiting) > len(nodes),
        "deeper_than": DEPTH_MAX if tree.cut else 0,
        "folded": folded.calls,
        "folded_ns": folded.self_ns,
    }


def _fitting(snapshot: Snapshot, names: Iterable[str], fits: Callable[[str], bool]) -> list[str]:
    """Find the functions that the filter lets through; all calls together are none."""
    numbers = [int(number) for number in names if number != "0"]
    known = snapshot.functions
    return [str(number) for number in numbers if fits(searched_text(known.get(number), number))]


def series(hub: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Make a series of points."""
    try:
        return points_of(hub, scene, choice)
    except ValueError as error:
        return _nonsense(choice, error)


def records(_: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Make the rows of one type of records that the page shows, the newest one first."""
    shown = scene.snapshot.records
    kind = choice.kind if choice.kind in shown else next(iter(shown), "")
    if not kind:
        return {"kinds": [], "kind": "", "columns": [], "total": 0, "first": 0, "rows": []}
    told = shown[kind]
    try:
        rows = chosen(told, choice.view)
    except ValueError as error:
        return _nonsense(choice, error)
    last = told.rows[-1] if told.rows else ()
    begin = max(0, len(rows) - choice.first - choice.count)
    return {
        "kinds": [{"id": name, "name": safe(name, NAME_MAX)} for name in shown],
        "kind": kind,
        "columns": [
            {
                "name": str(place),
                "title": safe(field, NAME_MAX),
                "meaning": "",
                "number": place < len(last) and isinstance(last[place], int | float),
            }
            for place, field in enumerate(told.fields)
        ],
        "total": len(rows),
        "published": count(told.published),
        "first": choice.first,
        "rows": [
            {
                "id": _source_of(told.fields, row),
                "cells": [
                    safe(cell_of(field, value), NAME_MAX)
                    for field, value in zip(told.fields, row, strict=True)
                ],
            }
            for row in reversed(rows[begin : max(0, len(rows) - choice.first)])
        ],
    }


def _source_of(fields: tuple[str, ...], row: tuple[Any, ...]) -> str:
    """Tell which line a record is of, as ``LINE FILE``; empty if none."""
    told = dict(zip(fields, row, strict=True))
    line = told.get("lineNo")
    return f"{line} {told['filename']}" if isinstance(line, int) and "filename" in told else ""


def source(hub: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Make the lines of the chosen file that the page shows, with what was recorded of each."""
    text = scene.source
    sessions = {scene.snapshot.stream: scene.snapshot}
    if not choice.at:  # a monitor beside the profile
        sessions = {tab.snapshot.stream: tab.snapshot for tab in hub.tabs()} | sessions
    costs = line_costs(sessions.values(), text.file)
    lines = text.lines or recorded_text(sessions.values(), text.file)
    last = min(len(lines), choice.first + choice.count)
    trouble = safe(text.trouble) if text.trouble else ""
    return {
        "file": safe(text.file, NAME_MAX),
        "trouble": f"only what was recorded: {trouble}" if lines and trouble else trouble,
        "columns": [
            {"name": name, "title": title, "meaning": meaning, "number": name != "text"}
            for name, title, meaning in SOURCE_COLUMNS
            if costs or name in {"line", "text"}
        ],
        "total": len(lines),
        "first": choice.first,
        "rows": [
            {"id": str(number), "cells": _line(number, lines[number - 1], costs)}
            for number in range(choice.first + 1, last + 1)
        ],
    }


SOURCE_COLUMNS = (
    ("line", "line", "its number in the file"),
    ("records", "records", "how often a line monitor recorded it, of the newest records"),
    ("time", "time", "time in it, and in what it called that was not recorded itself"),
    ("memory", "RSS", "resident memory before it ran last"),
    ("grown", "grown", "how much the resident memory grew in it, all times together"),
    ("text", "source", "its text"),
)
"""The columns of a source file."""


def _line(number: int, text: str, costs: Mapping[int, Any]) -> list[str]:
    shown = safe(text.rstrip().expandtabs(TAB), NAME_MAX)
    if not costs:
        return [str(number), shown]
    cost = costs.get(number, NO_COST)
    return [
        str(number),
        count(cost.records) if cost.records else "",
        "" if cost.time_ns is None else duration(cost.time_ns),
        "" if cost.rss_bytes is None else size(cost.rss_bytes),
        size(cost.grown_bytes) if cost.grown_bytes else "",
        shown,
    ]


def text(_: Hub, scene: Scene, choice: Choice) -> dict[str, Any]:
    """Draw one of the terminal's panels."""
    width = min(choice.width, 400)
    picture = PANELS[choice.view.panel](scene, choice.view, LINES_MAX, width)
    return {"lines": [_drawn(line) for line in picture.lines], "keys": picture.keys}


def _drawn(line: Line) -> dict[str, Any]:
    return {
        "text": line.text.rstrip(),
        "style": line.style,
        "key": line.key,
        "spans": [
            [span.begin, span.end, span.style or line.style, span.key] for span in line.spans
        ],
    }


def _nonsense(choice: Choice, error: ValueError) -> dict[str, Any]:
    return {"trouble": safe(f"filter {choice.view.pattern!r} makes no sense: {error}")}


PANEL_OF: Mapping[str, Callable[[Hub, Scene, Choice], dict[str, Any]]] = {
    "functions": functions,
    "bars": bars,
    "flame": flame,
    "series": series,
    "records": records,
    "source": source,
    "text": text,
    "help": lambda *_: {},
}
"""What makes each panel; the help is a part of the page."""
