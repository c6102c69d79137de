"""A source file, with what a line monitor recorded of each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.live.layout import Column, Table, under, window
from pikos.live.line_costs import NO_COST, line_costs
from pikos.live.scene import Line, Picture
from pikos.live.text import TAB, count, safe, size

if TYPE_CHECKING:
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState


def source(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the chosen source file.

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
        A heading, and its lines; or why they cannot be shown.

    """
    text = scene.source
    if text.trouble:
        return Picture([Line(safe(f"no source: {text.trouble}", width), "warning")])
    costs = line_costs([scene.snapshot], text.file)
    columns = [
        Column("line", 6),
        Column("records", 9),
        Column("RSS", 9),
        Column(text.file, 0, number=False),
    ]
    laid = Table([columns[0], *(columns[1:3] if costs else ()), columns[3]], width)

    def row(number: int) -> Line:
        cells = [str(number)]
        if costs:
            cost = costs.get(number, NO_COST)
            cells.append(count(cost.records) if cost.records else "")
            cells.append("" if cost.rss_bytes is None else size(cost.rss_bytes))
        return laid.row([*cells, text.lines[number - 1].rstrip().expandtabs(TAB)])

    def make(first: int, last: int) -> list[Line]:
        return [row(number) for number in range(first + 1, last + 1)]

    return under([laid.heading()], window(state, len(text.lines), room - 1, make))
