"""One function closely: what it cost, who called it, and whom it called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.live.function_table import name_in, source_key
from pikos.live.functions import label
from pikos.live.layout import Column, Table, listed, under
from pikos.live.scene import Line, Picture
from pikos.live.text import count, counted, duration, safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import Edge


def callers(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the callers and callees of the chosen function.

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
        The function's name and cost, and a row for each that it calls or is called by.

    """
    snapshot, number = scene.snapshot, state.function
    laid = Table(
        (
            Column("calls", 11, gives_way=3),
            Column("primitive", 11, gives_way=1),
            Column("self", 9),
            Column("cumulative", 10),
            Column("open", 5, gives_way=2),
            Column("", 0, number=False),
        ),
        width,
    )
    rows = []
    for title, edges, at in (
        ("called by", snapshot.callers(number), 0),
        ("calls", snapshot.callees(number), 1),
    ):
        rows.append(Line(safe(title, width), "bold"))
        rows += [_edge(scene, laid, edge, edge[at]) for edge in _greatest_first(edges)]
    function = snapshot.functions.get(number)
    name = label(function, number)
    place = f"{name}: {function.file}:{function.line}" if function else name
    shown = under(
        [Line(safe(place, width), "bold"), _cost(scene, number, width), laid.heading()],
        listed(state, rows, room - 3),
    )
    return shown._replace(keys={**shown.keys, **source_key(snapshot, number)})


def _greatest_first(edges: Iterable[Edge]) -> list[Edge]:
    return sorted(edges, key=lambda edge: (-edge.cumulative_ns, -edge.callcount, edge))


def _edge(scene: Scene, laid: Table, edge: Edge, other: int) -> Line:
    name = label(scene.snapshot.functions.get(other), other) if other else "outside the profile"
    cells = [
        count(edge.callcount),
        count(edge.primitive_calls),
        duration(edge.inline_ns),
        duration(edge.cumulative_ns),
        count(edge.open) if edge.open else "",
        name,
    ]
    line = laid.row(cells, key=f"function {other}" if other else "")
    return name_in(line, len(line.text) - laid.rest())


def _cost(scene: Scene, number: int, width: int) -> Line:
    row = scene.functions.row(number)
    told = [
        f"{counted(row.calls, 'call')}, {count(row.primitive)} primitive",
        f"self {duration(row.self)}",
        f"cumulative {duration(row.cumulative)}",
        f"{count(row.open)} open now",
    ]
    if row.rate >= 0:
        told.insert(1, f"{count(row.rate)}/s")
    return Line(safe(" · ".join(told), width))
