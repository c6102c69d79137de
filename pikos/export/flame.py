"""A flame graph as SVG, the outermost calls at the top: for reports and comparisons."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BARS_MAX = 5000
"""Bars that are drawn; the narrowest ones are left out."""

HEIGHT = 18
"""Pixels from one depth to the next."""

COLOURS = 5
"""How many colours the bars of functions have, so that neighbours are told apart."""


class Bar(NamedTuple):
    """A call, or all calls of one function by one path, as a bar."""

    depth: int
    """How many bars are above it."""
    begin: int
    """Where it begins, in the unit of ``width``."""
    width: int
    """How wide it is."""
    name: str
    """What is written on it: printable text."""
    title: str
    """What it tells when it is pointed at: printable text."""
    colour: str
    """Class of its colour."""


def flame(bars: Sequence[Bar], narrower: int = 0) -> Iterator[str]:
    """Draw bars.

    Parameters
    ----------
    bars
        The bars; the first one is as wide as the whole.
    narrower
        How many more there are, each narrower than ``BARS_MAX`` of these.

    Yields
    ------
    str
        SVG, and a sentence about what is left out.

    """
    widest = sorted((bar.width for bar in bars if bar.width), reverse=True)[:BARS_MAX]
    if not widest:
        yield "<p>No call has taken time yet.</p>\n"
        return
    drawn = [bar for bar in bars if bar.width >= widest[-1]][:BARS_MAX]
    height = HEIGHT * (1 + max(bar.depth for bar in drawn))
    yield f'<svg class="flame" width="100%" height="{height}" role="img">\n'
    for bar in drawn:
        yield _svg(bar, bars[0].width)
    yield "</svg>\n"
    left_out = narrower + sum(1 for bar in bars if bar.width) - len(drawn)
    if left_out:
        yield f"<p>{left_out:,} narrower bars are not drawn.</p>\n"


def colour_of(name: str) -> str:
    """Choose a colour, always the same one for a name.

    Parameters
    ----------
    name
        What is written on the bar.

    Returns
    -------
    str
        Class of the colour.

    """
    return f"c{sum(map(ord, name)) % COLOURS}"


def _svg(bar: Bar, whole: int) -> str:
    begin, width = 100 * bar.begin / whole, 100 * bar.width / whole
    return (
        f'<svg class="{bar.colour}" x="{begin:.6f}%" y="{bar.depth * HEIGHT}" width="{width:.6f}%" '
        f'height="{HEIGHT - 1}"><title>{escape(bar.title)}</title><rect width="100%" '
        f'height="100%"/><text x="3" y="13">{escape(bar.name)}</text></svg>\n'
    )
