"""Draws numbers over time with the characters that every terminal has."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from pikos.live.scene import Line, Span
from pikos.live.text import cut, left, right

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EIGHTHS = " ▁▂▃▄▅▆▇█"
"""A cell of which so many eighths are filled."""

STEADY = 0.02
"""Share of a number below which its changes are not drawn larger."""

SCALE = 10
"""Columns left of the chart, for its greatest and its least number."""


def chart(
    title: str,
    values: Sequence[float],
    write: Callable[[float], str],
    lines: int,
    width: int,
    *,
    times: Sequence[float] | None = None,
) -> list[Line]:
    """Draw numbers, the latest at the right.

    Parameters
    ----------
    title
        What they are; printable.
    values
        The numbers; what is not finite is left out.
    write
        Writes one of them for people, in at most ``SCALE`` columns.
    lines
        Lines to fill, the title's included.
    width
        Columns of the screen.
    times
        When each of the numbers was measured, in any unit; None to draw them side by side.

    Returns
    -------
    list of Line
        The title with the latest, and the chart with the greatest and the least.

    """
    known = [place for place, value in enumerate(values) if math.isfinite(value)]
    finite = [values[place] for place in known]
    if lines < 1:
        return []
    if not finite:
        return [Line(left(f"{title}: nothing told yet", width), "heading")]
    told = (
        f"{title}: now {write(finite[-1])}, least {write(min(finite))}, most {write(max(finite))}"
    )
    room = max(1, width - SCALE - 1)
    along = None if times is None else [times[place] for place in known]
    bars = _bars(_columns(finite, room, along), lines - 1)
    scale = [*[""] * (lines - 2), write(min(finite))]
    if max(finite) - min(finite) > STEADY * abs(max(finite)):
        scale[0] = write(max(finite))
    return [
        Line(left(told, width), "heading"),
        *(
            _row(f"{right(cut(mark, SCALE), SCALE)} {bar}", width)
            for mark, bar in zip(scale, bars, strict=False)
        ),
    ]


def _row(text: str, width: int) -> Line:
    text = cut(text, width)
    return Line(left(text, width), spans=(Span(min(SCALE, len(text)), len(text), "graph"),))


def _columns(
    values: Sequence[float], room: int, times: Sequence[float] | None = None
) -> list[float]:
    """Give each column the greatest of the values that fall on it."""
    if times is not None and times[-1] > times[0]:
        return _columns_of_time(values, times, room)
    if len(values) <= room:
        return list(values)
    edges = [at * len(values) // room for at in range(room + 1)]
    return [max(values[begin:end]) for begin, end in pairwise(edges)]


def _columns_of_time(values: Sequence[float], times: Sequence[float], room: int) -> list[float]:
    """Give each column an equal share of the time; a value holds until the next one."""
    span = times[-1] - times[0]
    columns: list[float | None] = [None] * room
    for value, time in zip(values, times, strict=True):
        # Threads may give their records out of order.
        at = max(0, min(room - 1, int((time - times[0]) / span * room)))
        before = columns[at]
        columns[at] = value if before is None else max(before, value)
    filled: list[float] = []
    for column in columns:
        filled.append(filled[-1] if column is None else column)
    return filled


def _bars(values: Sequence[float], lines: int) -> list[str]:
    """Draw a bar for each value, the least one still to be seen."""
    least, most = min(values), max(values)
    span = max(most - least, STEADY * max(abs(least), abs(most)))
    full = 8 * lines
    heights = [
        1 + round((full - 1) * (value / span - least / span)) if span > 0 else 1 for value in values
    ]
    return [
        "".join(EIGHTHS[max(0, min(8, height - 8 * below))] for height in heights)
        for below in reversed(range(lines))
    ]


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw numbers on one line.

    Parameters
    ----------
    values
        The numbers, all finite.
    width
        Columns to fill at most.

    Returns
    -------
    str
        A bar for each column; empty for fewer than two numbers.

    """
    if len(values) < 2 or width < 1:  # noqa: PLR2004  # one number has no course
        return ""
    return _bars(_columns(values, width), 1)[0]
