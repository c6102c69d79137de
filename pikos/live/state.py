"""What a viewer's user has chosen, and what each key does to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from pikos.live.functions import COLUMNS

Panel = Literal["functions", "open calls", "threads", "help"]
"""What fills the middle of the screen."""

SORTS = tuple(column.name for column in COLUMNS)
"""What the function table can be sorted by."""

FILTER_MAX = 200
"""Characters that a filter may have."""

KEYS = (
    ("q", "leave; the program is not disturbed"),
    ("p, space", "pause the picture, and go on"),
    ("1 … 8", "sort by that column; again: the other way round"),
    ("< >", "sort by the column to the left, to the right"),
    ("r", "sort the other way round"),
    ("/", "filter by name: part of it, a glob, or re:EXPRESSION; Enter or Escape ends it"),
    ("c", "clear the filter"),
    ("f o t", "functions, open calls, threads"),
    ("arrows, j k, Page, Home", "scroll"),
    ("?, h", "this help"),
)
"""The keys, for the help."""


@dataclass(frozen=True, slots=True)
class ViewState:
    """What the user has chosen.

    Threads: may be handed to any thread
    """

    panel: Panel = "functions"
    """What fills the middle of the screen."""
    sort: str = "self"
    """What the function table is sorted by: one of ``SORTS``."""
    descending: bool = True
    """Whether the greatest comes first."""
    pattern: str = ""
    """Filter of the function table."""
    typing: bool = False
    """Whether keys go into the filter."""
    paused: bool = False
    """Whether the picture stands still."""
    offset: int = 0
    """First row of the panel that is shown."""
    leaving: bool = False
    """Whether the user wants to leave."""


Action = Callable[[ViewState], ViewState]
"""What a key does."""


def press(state: ViewState, key: str) -> ViewState:
    """Tell what a key does.

    Parameters
    ----------
    state
        What was chosen before.
    key
        A character, or the name of a key: ``"up"``, ``"down"``, ``"left"``, ``"right"``,
        ``"page up"``, ``"page down"``, ``"home"``, ``"enter"``, ``"escape"``, ``"backspace"``.

    Returns
    -------
    ViewState
        What is chosen now; the same if the key means nothing.

    """
    if state.typing:
        return _type(state, key)
    action = _ACTIONS.get(key)
    return state if action is None else action(state)


def _scroll(rows: int) -> Action:
    return lambda state: replace(state, offset=max(0, state.offset + rows))


def _show(panel: Panel) -> Action:
    """Turn to a panel; its key pressed again leads back to the functions."""
    return lambda state: replace(
        state, panel="functions" if state.panel == panel else panel, offset=0
    )


def _sort_by(column: str) -> Action:
    def sort(state: ViewState) -> ViewState:
        descending = not state.descending if column == state.sort else column != "name"
        return replace(state, sort=column, descending=descending, panel="functions", offset=0)

    return sort


def _sort_beside(step: int) -> Action:
    def sort(state: ViewState) -> ViewState:
        return _sort_by(SORTS[(SORTS.index(state.sort) + step) % len(SORTS)])(state)

    return sort


def _pause(state: ViewState) -> ViewState:
    return replace(state, paused=not state.paused)


def _reverse(state: ViewState) -> ViewState:
    return replace(state, descending=not state.descending, offset=0)


def _leave(state: ViewState) -> ViewState:
    return replace(state, leaving=True)


def _filter(state: ViewState) -> ViewState:
    return replace(state, typing=True, panel="functions", offset=0)


def _clear(state: ViewState) -> ViewState:
    return replace(state, pattern="", offset=0)


def _first(state: ViewState) -> ViewState:
    return replace(state, offset=0)


_ACTIONS: dict[str, Action] = {
    "q": _leave,
    "Q": _leave,
    "p": _pause,
    " ": _pause,
    "r": _reverse,
    "/": _filter,
    "c": _clear,
    "home": _first,
    "g": _first,
    "up": _scroll(-1),
    "k": _scroll(-1),
    "down": _scroll(1),
    "j": _scroll(1),
    "page up": _scroll(-20),
    "page down": _scroll(20),
    "f": lambda state: replace(state, panel="functions", offset=0),
    "o": _show("open calls"),
    "t": _show("threads"),
    "?": _show("help"),
    "h": _show("help"),
    "<": _sort_beside(-1),
    "left": _sort_beside(-1),
    ">": _sort_beside(1),
    "right": _sort_beside(1),
    **{str(index): _sort_by(column) for index, column in enumerate(SORTS, start=1)},
}


def _type(state: ViewState, key: str) -> ViewState:
    if key in {"enter", "escape"}:
        return replace(state, typing=False)
    if key == "backspace":
        return replace(state, pattern=state.pattern[:-1], offset=0)
    if len(key) == 1 and key.isprintable() and len(state.pattern) < FILTER_MAX:
        return replace(state, pattern=state.pattern + key, offset=0)
    return state
