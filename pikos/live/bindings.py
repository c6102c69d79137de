"""The keys: what each of them means, and what it does to what the user has chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple, cast

from pikos.live.functions import COLUMNS
from pikos.live.state import SORTS, Panel, ViewState

FILTER_MAX = 200
"""Characters that a filter may have."""

Action = Callable[[ViewState], ViewState]
"""What a key does."""


class Binding(NamedTuple):
    """Keys with one meaning, or with opposite ones."""

    shown: str
    """The keys, as people read them."""
    meaning: str
    """What they do."""
    actions: dict[str, Action]
    """What each does to what was chosen; empty where that depends on what is to be seen."""

    @property
    def keys(self) -> Iterable[str]:
        """The keys, as far as they have names of their own."""
        return self.actions or self.shown.split()


def _show(panel: Panel) -> Action:
    """Turn to a panel; its key pressed again leads back to the first one."""
    return lambda state: state.turned("first" if state.panel == panel else panel)


def _functions(state: ViewState) -> ViewState:
    return state.turned("functions")


def _sort_by(column: str) -> Action:
    def sort(state: ViewState) -> ViewState:
        descending = not state.descending if column == state.sort else column != "name"
        return replace(_functions(state), sort=column, descending=descending)

    return sort


def _sort_beside(step: int) -> Action:
    def sort(state: ViewState) -> ViewState:
        return _sort_by(SORTS[(SORTS.index(state.sort) + step) % len(SORTS)])(state)

    return sort


def _pause(state: ViewState) -> ViewState:
    return replace(state, paused=not state.paused)


def _reverse(state: ViewState) -> ViewState:
    return replace(state, descending=not state.descending, row=0, first=0)


def _ask(request: str) -> Action:
    return lambda state: replace(state, request=request)


def _reset(state: ViewState) -> ViewState:
    return ViewState(request="count all", paused=state.paused)


def _filter(state: ViewState) -> ViewState:
    if state.panel == "flame graph":
        return replace(state, typing=True)
    return replace(_functions(state), typing=True)


def _clear(state: ViewState) -> ViewState:
    return replace(state, pattern="", row=0, first=0)


def _all_threads(state: ViewState) -> ViewState:
    return replace(state, thread=0)


def _back(state: ViewState) -> ViewState:
    """Zoom out one step, or go back to where the user came from."""
    if state.panel == "flame graph" and state.zoom:
        return replace(state, zoom=state.zoom[:-1], node=state.zoom)
    return state.returned()


BINDINGS = (
    Binding(
        "q", "leave; the program is not disturbed", dict.fromkeys(("q", "Q", "X"), _ask("leave"))
    ),
    Binding("?, h", "this help", dict.fromkeys(("?", "h"), _show("help"))),
    Binding("p, space", "pause the picture, and go on", dict.fromkeys(("p", " "), _pause)),
    Binding("f", "the function table; of a recorder, the newest records", {"f": _functions}),
    Binding("g", "the flame graph, growing", {"g": _show("flame graph")}),
    Binding("o", "the open calls and their ages", {"o": _show("open calls")}),
    Binding("t", "the threads; Enter chooses one", {"t": _show("threads")}),
    Binding("m", "the memory of the process; measures of the records", {"m": _show("memory")}),
    Binding("P", "the processes to watch; Enter chooses one", {"P": _show("processes")}),
    Binding("O", "what the program wrote, under pikos run --live", {"O": _show("output")}),
    Binding("arrows, j k", "choose a row, or a call of the flame graph", {}),
    Binding("Page, Home, End", "go through the rows by the screenful", {}),
    Binding("Enter", "look closer: callers and callees, or zoom in", {}),
    Binding("d", "callers and callees of the flame graph's chosen call", {}),
    Binding("l", "the function's source; of a line monitor, the lines with costs", {}),
    Binding(
        "Escape, Backspace", "go back, or zoom out", dict.fromkeys(("escape", "backspace"), _back)
    ),
    Binding(
        "1 … 8",
        "sort by that column; again: the other way round",
        {str(index): _sort_by(column) for index, column in enumerate(SORTS, start=1)},
    ),
    Binding(
        "s S, < >",
        "sort by the next column, by the one before",
        dict.fromkeys(("s", ">"), _sort_beside(1)) | dict.fromkeys(("S", "<"), _sort_beside(-1)),
    ),
    Binding("i", "sort the other way round", {"i": _reverse}),
    Binding("/", "filter by name: a part, a glob, or re:EXPRESSION; Enter ends it", {"/": _filter}),
    Binding("c", "clear the filter", {"c": _clear}),
    Binding("left right", "one thread alone: the one before, the next", {}),
    Binding("a", "all threads together", {"a": _all_threads}),
    Binding("r", "count from now on: differences, of memory too", {"r": _ask("count from now")}),
    Binding("R", "reset the view: count from the beginning, sort, filter, zoom", {"R": _reset}),
    Binding(
        "[ ]",
        "of a recording: 10 seconds back, 10 ahead",
        {"[": _ask("seek -10"), "]": _ask("seek 10")},
    ),
    Binding("w", "write what is known to a file, as JSON", {"w": _ask("save")}),
)
"""Every key: the help and the documentation show this."""

_ACTIONS = {key: action for binding in BINDINGS for key, action in binding.actions.items()}


def press(state: ViewState, key: str) -> ViewState:
    """Tell what a key does.

    Parameters
    ----------
    state
        What was chosen before.
    key
        A character; the name of a key: ``"enter"``, ``"escape"``, ``"backspace"``; or what
        ``Picture.keys`` and ``Picture.click`` give, in the words of ``_ORDERS``.

    Returns
    -------
    ViewState
        What is chosen now; the same if the key means nothing.

    """
    if state.typing:
        return _type(state, key)
    action = _ACTIONS.get(key)
    if action is not None:
        return action(state)
    order, _, rest = key.partition(" ")
    return _ORDERS[order](state, rest) if order in _ORDERS and rest else state


def _type(state: ViewState, key: str) -> ViewState:
    if key in {"enter", "escape"}:
        return replace(state, typing=False)
    if key == "backspace":
        return replace(state, pattern=state.pattern[:-1], row=0, first=0)
    if len(key) == 1 and key.isprintable() and len(state.pattern) < FILTER_MAX:
        return replace(state, pattern=state.pattern + key, row=0, first=0)
    return state


def _row(state: ViewState, rest: str) -> ViewState:
    row, first = map(int, rest.split())
    return replace(state, row=row, first=first)


def _function(state: ViewState, rest: str) -> ViewState:
    return replace(state.closer("function"), function=int(rest))


def _source(state: ViewState, rest: str) -> ViewState:
    line, _, file = rest.partition(" ")
    row = max(0, int(line) - 1)
    return replace(state.closer("source"), file=file, row=row, first=max(0, row - 2))


def _thread(state: ViewState, rest: str) -> ViewState:
    return replace(state, thread=int(rest), zoom=(), node=())


def path(rest: str) -> tuple[int, ...]:
    """Read functions from the outermost to an inner one, as the flame graph's keys have them."""
    return tuple(map(int, filter(None, rest.split("/"))))


def _watch(state: ViewState, rest: str) -> ViewState:
    return ViewState(request=f"watch {rest}", sort=state.sort, descending=state.descending)


_ORDERS: dict[str, Callable[[ViewState, str], ViewState]] = {
    "row": _row,  # ROW FIRST
    "panel": lambda state, rest: state.turned(cast("Panel", rest)),  # PANEL
    "function": _function,  # ID
    "source": _source,  # LINE FILE
    "thread": _thread,  # ID
    "zoom": lambda state, rest: replace(state, zoom=path(rest), node=path(rest)),  # /ID/ID
    "node": lambda state, rest: replace(state, node=path(rest)),  # /ID/ID
    "watch": _watch,  # ADDRESS
}
"""What a picture may ask for; no key of a keyboard has such a name."""

SORT_KEYS = {column.name: str(index) for index, column in enumerate(COLUMNS, start=1)}
"""The key of each column of the function table."""
