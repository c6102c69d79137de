"""What is marked in a picture of ``pikos plot``: functions, and the lines after which it rises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pikos.cli.plot_data import Recorded

_TEXT_MAX = 64
_RISE_MIN = 0.02
"""What share of the whole range a rise must have to be marked."""


class Span(NamedTuple):
    """Consecutive records of one function."""

    function: str
    begin: float
    """Where it begins on the x axis."""
    end: float


class Mark(NamedTuple):
    """A record after which the value is much higher."""

    x: float
    y: float
    """Where the step is, at its upper end."""
    rise: float
    text: str
    """Where in the program that is."""


def spans(recorded: Recorded, xs: list[float]) -> list[Span]:
    """Return the spans of the functions, in the order of the records; none without that field."""
    functions = recorded.columns.get("function", [])
    found: list[Span] = []
    begin = 0
    for place, function in enumerate(functions):
        last = place + 1 == len(functions)
        if last or functions[place + 1] != function:
            end = xs[place] if last else xs[place + 1]
            found.append(Span(function, xs[begin], end))
            begin = place + 1
    return found


def rises(recorded: Recorded, xs: list[float], ys: list[float], most: int) -> list[Mark]:
    """Return the greatest rises of a value, one a place in the program, from left to right.

    A record tells the state before its line runs, so a rise is the doing of the line recorded
    before it; or, of function events, of what ran between the two.
    """
    where = _places(recorded)
    least = _RISE_MIN * (max(ys) - min(ys))
    greatest: dict[str, Mark] = {}
    for place in range(len(ys) - 1):
        rise = ys[place + 1] - ys[place]
        if math.isnan(rise) or rise <= 0 or rise < least:
            continue
        before = greatest.get(where[place])
        if before is None or rise > before.rise:
            mark = Mark(xs[place + 1], ys[place + 1], rise, where[place])
            greatest[where[place]] = mark
    chosen = sorted(greatest.values(), key=lambda mark: -mark.rise)[:most]
    return sorted(chosen, key=lambda mark: mark.x)


def _places(recorded: Recorded) -> list[str]:
    """Where in the program each record was made, in words."""
    columns = recorded.columns
    empty = [""] * len(recorded)
    functions = columns.get("function", empty)
    numbers = columns.get("lineNo", empty)
    kinds = columns.get("type")
    sources = columns.get("line")
    if kinds is not None:
        return [
            f"{shown(function)}:{number} after {kind}"
            for function, number, kind in zip(functions, numbers, kinds, strict=True)
        ]
    return [
        f"{shown(function)}:{number}  {shown(' '.join(source.split()))}".rstrip()
        for function, number, source in zip(functions, numbers, sources or empty, strict=True)
    ]


def shown(text: str) -> str:
    """Return a text as it can be drawn: short, and without what a font has no sign for."""
    clean = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
    return clean if len(clean) <= _TEXT_MAX else clean[: _TEXT_MAX - 1] + "…"
