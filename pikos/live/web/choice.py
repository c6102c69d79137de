"""What the user of a page has chosen, as the page tells it in each of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from pikos.errors import ChoiceError
from pikos.live.bindings import FILTER_MAX, path
from pikos.live.state import SORTS, Panel, ViewState

if TYPE_CHECKING:
    from collections.abc import Mapping

PANELS = ("functions", "bars", "flame", "series", "records", "source", "text", "help")
"""What fills the middle of a page; ``text`` is one of the terminal's panels, but its help: a page
has its own."""

ROWS_MAX = 500
"""Rows that one answer has at most: what a screen shows, and some more."""

POINTS_MAX = 2000
"""Points of a series that one answer has at most."""

COLUMNS_MAX, LINES_MAX, PIXELS_MAX = 500, 5000, 10_000
"""Bounds of what a screen may have."""

_NUMBER_MIN, _NUMBER_MAX = -(2**63), 2**63 - 1
_TEXT_MAX = 4096


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user of a page has chosen.

    Threads: may be handed to any thread
    """

    view: ViewState
    """What the terminal's user could have chosen, too."""
    tab: str = ""
    """The session."""
    panel: str = "functions"
    """One of ``PANELS``."""
    first: int = 0
    """The first row wanted."""
    count: int = 50
    """How many rows are wanted."""
    since: int = 0
    """Number of the kept moment to count from; 0 for the beginning."""
    at: int = 0
    """Number of the kept moment to look at; 0 for now."""
    width: int = 1000
    """Pixels of a chart, or columns of text."""
    value: str = "self"
    """What the bars show."""
    kind: str = ""
    """The type of the records."""
    x: str = ""
    """The field along the chart; empty for the time, or the index where no time is known."""
    y: str = ""
    """The field of the series; empty for the first one."""
    points: int = 0
    """How many of the newest points to show; 0 for all."""


def choice_of(asked: Mapping[str, str]) -> Choice:
    """Understand a request.

    Parameters
    ----------
    asked
        Names and values, from a stranger.

    Returns
    -------
    Choice
        What is wanted.

    Raises
    ------
    ChoiceError
        If a value makes no sense.

    """

    def text(name: str, longest: int = _TEXT_MAX) -> str:
        value = asked.get(name, "")
        if len(value) > longest:
            raise ChoiceError(name, value, f"a text of at most {longest} characters")
        return value

    def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
        value = asked.get(name, default)
        if value not in allowed:
            raise ChoiceError(name, value, f"one of {', '.join(allowed)}")
        return value

    def number(name: str, default: int, least: int, most: int) -> int:
        value = asked.get(name, str(default))
        try:
            found = int(value) if len(value) <= len(str(_NUMBER_MIN)) else most + 1
        except ValueError:
            found = most + 1
        if not least <= found <= most:
            raise ChoiceError(name, value, f"a whole number from {least} to {most}")
        return found

    def zoom() -> tuple[int, ...]:
        try:
            return path(text("zoom", 100 * _TEXT_MAX))
        except ValueError:
            raise ChoiceError("zoom", asked["zoom"], "/ID/ID/… of functions") from None

    return Choice(
        view=ViewState(
            panel=one_of("text", get_args(Panel), "functions"),  # type: ignore[arg-type]
            sort=one_of("sort", SORTS, "self"),
            descending=bool(number("descending", 1, 0, 1)),
            pattern=text("filter", FILTER_MAX),
            thread=number("thread", 0, _NUMBER_MIN, _NUMBER_MAX),
            function=number("function", 0, _NUMBER_MIN, _NUMBER_MAX),
            file=text("file"),
            zoom=zoom(),
            row=number("row", 0, 0, _NUMBER_MAX),
            paused=bool(number("at", 0, 0, _NUMBER_MAX)),
        ),
        tab=text("tab"),
        panel=one_of("panel", PANELS, "functions"),
        first=number("first", 0, 0, _NUMBER_MAX),
        count=number("count", 50, 0, ROWS_MAX),
        since=number("since", 0, 0, _NUMBER_MAX),
        at=number("at", 0, 0, _NUMBER_MAX),
        width=number("width", 1000, 1, PIXELS_MAX),
        value=one_of("value", SORTS[:-1], "self"),
        kind=text("kind"),
        x=text("x"),
        y=text("y"),
        points=number("points", 0, 0, POINTS_MAX),
    )
