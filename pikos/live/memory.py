"""Numbers over time: the memory of the process; of records, each field that is a number."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pikos.live.chart import chart
from pikos.live.layout import listed
from pikos.live.records import SIZES, cell_of
from pikos.live.scene import Line, Picture
from pikos.live.text import clock, left, safe, size

if TYPE_CHECKING:
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import Records

CHART_LINES = 5
"""Lines that a chart should have at least."""


def memory(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the memory of the process, or the numbers of its records, over time.

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
        A chart for each series of numbers.

    """
    if scene.snapshot.of_recorder:
        return _numbers(scene, state, room, width)
    told = scene.memory
    lines = max(1, room // 2)
    over = f" over {clock((told[-1].time_ns - told[0].time_ns) / 1e9)}" if told else ""
    rss = [reading.rss_bytes for reading in told]
    vms = [reading.vms_bytes for reading in told]
    drawn = chart(f"RSS, resident memory{over}", rss, size, room - lines, width)
    return Picture([*drawn, *chart(f"VMS, virtual size{over}", vms, size, lines, width)])


def _numbers(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw each numeric field of each type of records; the arrows go through them."""
    series = [
        (f"{safe(name, 30)}.{safe(field, 30)}", told, field)
        for name, told in scene.snapshot.records.items()
        for field in numeric(told)
    ]
    if not series:
        return Picture([Line(left("no record with a number yet", width), "heading")][:room])
    names = [Line(left(f"  {name}", width)) for name, _, _ in series]
    shown = max(1, room // CHART_LINES)
    many = len(series) > shown
    at = min(state.row, len(series) - 1)
    first = max(0, min(at, len(series) - shown))
    drawn: list[Line] = []
    for place, (name, told, field) in enumerate(series[first : first + shown]):
        lines = (
            room // min(shown, len(series))
            if place
            else room - (room // min(shown, len(series)) * (min(shown, len(series)) - 1))
        )
        title = f"{name} of the newest {len(told.rows)}"
        if many:
            title = f"{first + place + 1}/{len(series)} {title}"
        write = partial(cell_of, field) if field in SIZES else "{:.6g}".format
        drawn += chart(title, told.column(field), write, lines, width)
    return Picture(drawn, listed(state, names, shown).keys)


def numeric(told: Records) -> list[str]:
    """Find the fields that are numbers.

    Parameters
    ----------
    told
        Records of one type.

    Returns
    -------
    list of str
        Names of the fields whose value is a number in the newest record.

    """
    if not told.rows:
        return []
    return [
        field
        for field, value in zip(told.fields, told.rows[-1], strict=True)
        if isinstance(value, int | float)
    ]
