"""Numbers over time: the memory of the process; of records, each field that measures something."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pikos.live.chart import chart
from pikos.live.layout import listed
from pikos.live.measures import SIZES, measures, times_s
from pikos.live.records import cell_of
from pikos.live.scene import Line, Picture
from pikos.live.text import clock, left, safe, size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pikos.live.scene import Scene
    from pikos.live.state import ViewState

CHART_LINES = 5
"""Lines that a chart should have at least."""

CHART_LINES_MAX = 40
"""Lines that a chart has at most."""


class _Series(NamedTuple):
    """Numbers to draw."""

    title: str
    values: Sequence[float]
    write: Callable[[float], str]
    times: Sequence[float] | None


def memory(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the memory of the process, or the measures of its records, over time.

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
    if not scene.snapshot.of_recorder:
        return _charts(_of_process(scene), state, room, width)
    found = _of_records(scene)
    if not found:
        return Picture([Line(left("no record with a measure yet", width), "heading")][:room])
    return _charts(found, state, room, width)


def _of_process(scene: Scene) -> list[_Series]:
    """Return the memory of the process since the viewer came."""
    readings = scene.memory
    times = [reading.time_ns / 1e9 for reading in readings]
    over = f" over {clock(times[-1] - times[0])}" if times else ""
    rss = [reading.rss_bytes for reading in readings]
    vms = [reading.vms_bytes for reading in readings]
    return [
        _Series(f"RSS, resident memory{over}", rss, size, times),
        _Series(f"VMS, virtual size{over}", vms, size, times),
    ]


def _of_records(scene: Scene) -> list[_Series]:
    """Return the measures of each type of records, against time where it is known.

    Records without a time say nothing of when memory was measured; the viewer knows when it came.
    """
    found: list[_Series] = []
    untimed_memory = False
    for name, records in scene.snapshot.records.items():
        times = times_s(records)
        for field in measures(records):
            if times is None and field in SIZES and len(scene.memory) > 1:
                untimed_memory = True
                continue
            over = f"over {clock(times[-1])}, " if times else ""
            title = f"{safe(name, 30)}.{safe(field, 30)} {over}of the newest {len(records.rows)}"
            write = partial(cell_of, field) if field in SIZES else "{:.6g}".format
            found.append(_Series(title, records.column(field), write, times))
    return _of_process(scene) + found if untimed_memory else found


def _charts(series: Sequence[_Series], state: ViewState, room: int, width: int) -> Picture:
    """Draw as many charts as there is room for; the arrows go through them."""
    shown = max(1, min(len(series), room // CHART_LINES))
    at = min(state.row, len(series) - 1)
    first = max(0, min(at, len(series) - shown))
    drawn: list[Line] = []
    for place, each in enumerate(series[first : first + shown]):
        lines = min(CHART_LINES_MAX, (room - len(drawn)) // (shown - place))
        title = each.title
        if len(series) > shown:
            title = f"{first + place + 1}/{len(series)} {title}"
        drawn += chart(title, each.values, each.write, lines, width, times=each.times)
    names = [Line(left(f"  {each.title}", width)) for each in series]
    return Picture(drawn, listed(state, names, shown).keys)
