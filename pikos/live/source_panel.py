"""A source file, with what a line monitor recorded of each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.live.layout import Column, Table, under, window
from pikos.live.line_costs import line_costs, recorded_text
from pikos.live.scene import Line, Picture
from pikos.live.text import TAB, count, duration, safe, size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.live.line_costs import LineCost
    from pikos.live.scene import Scene, Style
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
    lines = text.lines or recorded_text([scene.snapshot], text.file)
    if not lines:
        return Picture([Line(safe(f"no source: {text.trouble}", width), "warning")])
    columns = _columns(line_costs([scene.snapshot], text.file))
    laid = Table(
        [
            Column("line", 6),
            *(Column(name, 9, style=_STYLES.get(name)) for name in columns),
            Column(text.file, 0, number=False),
        ],
        width,
    )

    def make(first: int, last: int) -> list[Line]:
        return [
            laid.row(
                [
                    str(number),
                    *(cells.get(number, "") for cells in columns.values()),
                    lines[number - 1].rstrip().expandtabs(TAB),
                ]
            )
            for number in range(first + 1, last + 1)
        ]

    heading = [laid.heading()]
    if text.trouble:
        heading.insert(0, Line(safe(f"only what was recorded: {text.trouble}", width), "warning"))
    return under(heading, window(state, len(lines), room - len(heading), make))


_STYLES: Mapping[str, Style] = {"grown": "number", "time": "number"}


def _columns(costs: Mapping[int, LineCost]) -> dict[str, Mapping[int, str]]:
    """Return the columns of what was recorded, by their title: for each line its text."""
    whole: dict[str, Mapping[int, str]] = {
        "records": {number: count(cost.records) for number, cost in costs.items() if cost.records},
        "time": {
            number: duration(cost.time_ns)
            for number, cost in costs.items()
            if cost.time_ns is not None
        },
        "RSS": {
            number: size(cost.rss_bytes)
            for number, cost in costs.items()
            if cost.rss_bytes is not None
        },
        "grown": {
            number: size(cost.grown_bytes) for number, cost in costs.items() if cost.grown_bytes
        },
    }
    if whole["RSS"]:
        return {title: cells for title, cells in whole.items() if cells or title == "grown"}
    return {title: cells for title, cells in whole.items() if cells}
