"""What is marked in a picture of ``pikos plot``: functions, and the lines after which it rises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pikos.cli.plot_data import Recorded

STRETCHES = 1_000
"""Parts of the x axis of which each shows its busiest function, where there are many spans."""

_SPANS_MAX = 2_000
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


def readable(found: list[Span]) -> list[Span]:
    """Return spans that a strip has room for: all of them, or the busiest function of each stretch.

    They cover what the spans cover, from the first one to the last one.
    """
    if len(found) <= _SPANS_MAX:
        return found
    found = [
        Span(span.function, *sorted((span.begin, span.end)))
        for span in found
        if math.isfinite(span.begin) and math.isfinite(span.end)
    ]
    begin = min((span.begin for span in found), default=0.0)
    width = (max((span.end for span in found), default=0.0) - begin) / STRETCHES
    if width <= 0:
        return []
    shares: list[dict[str, float]] = [{} for _ in range(STRETCHES)]
    for span in found:
        first = min(STRETCHES - 1, int((span.begin - begin) / width))
        last = min(STRETCHES - 1, int((span.end - begin) / width))
        for at in range(first, last + 1):
            from_x = max(span.begin, begin + at * width)
            to_x = min(span.end, begin + (at + 1) * width)
            shares[at][span.function] = shares[at].get(span.function, 0.0) + max(0.0, to_x - from_x)
    kept: list[Span] = []
    for at, share in enumerate(shares):
        if not share:
            continue
        one = Span(max(share, key=share.__getitem__), begin + at * width, begin + (at + 1) * width)
        if kept and kept[-1].function == one.function:
            kept[-1] = kept[-1]._replace(end=one.end)
        else:
            kept.append(one)
    return kept


def left_out(found: list[Span], kept: list[Span]) -> str:
    """Return what a strip does not show, in words; empty if it shows everything."""
    if kept is found:
        return ""
    functions, shown_functions = ({span.function for span in spans} for spans in (found, kept))
    hidden = len(functions - shown_functions)
    return (
        f"of each 1/{STRETCHES:,} of the width the busiest function: not shown are "
        f"{len(found) - len(kept):,} of {len(found):,} spans, "
        f"and {hidden:,} of {len(functions):,} functions"
    )


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
