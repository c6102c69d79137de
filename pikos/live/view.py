"""What to draw of a session: lines of styled text, made of a scene and the user's choices alone.

::

    ┌ who it is ──────────────────────── how fresh ┐
    │ what was counted, what was lost, at what     │  always in sight
    │ cost, the memory of the process              │
    │                                              │
    │ panel: functions, callers, flame graph, …    │
    │        or the newest records                 │
    │                                              │
    │ each thread: its open calls with their ages  │  always in sight
    └ keys, to be clicked too ─────────────────────┘
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.live.bindings import press
from pikos.live.callers import callers
from pikos.live.first_panel import opened
from pikos.live.flame import flame
from pikos.live.function_table import functions
from pikos.live.help import helping
from pikos.live.lens import look
from pikos.live.line_costs import has_lines
from pikos.live.memory import memory
from pikos.live.output_panel import output
from pikos.live.processes import processes
from pikos.live.records import records
from pikos.live.scene import Line, Picture, Scene, Size, Span
from pikos.live.source_panel import source
from pikos.live.stacks import open_calls, running_stacks, threads, threads_now
from pikos.live.state import ViewState
from pikos.live.summary import summary
from pikos.live.text import cut, safe
from pikos.live.unavailable import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pikos.live.state import Panel

__all__ = ["Line", "Picture", "Scene", "Size", "ViewState", "draw", "press", "report"]

Tabs = tuple[tuple[str, str, "Panel | None"], ...]

PANELS: Mapping[Panel, Callable[[Scene, ViewState, int, int], Picture]] = {
    "first": functions,
    "functions": functions,
    "function": callers,
    "source": source,
    "flame graph": flame,
    "open calls": open_calls,
    "threads": threads,
    "memory": memory,
    "processes": processes,
    "output": output,
    "help": helping,
}
"""What draws each panel."""

TABS: Tabs = (
    ("q", "quit", None),
    ("?", "help", "help"),
    ("p", "pause", None),
    ("/", "filter", None),
    ("f", "functions", "functions"),
    ("g", "graph", "flame graph"),
    ("o", "open", "open calls"),
    ("t", "threads", "threads"),
    ("m", "memory", "memory"),
    ("P", "processes", "processes"),
    ("r", "from now", None),
)
"""The last line: a key, its name, and the panel it leads to."""

RECORD_TABS: Tabs = (
    *TABS[:4],
    ("f", "records", "functions"),
    ("m", "measures", "memory"),
    ("P", "processes", "processes"),
    ("r", "from now", None),
)
"""The last line of a session of records."""

LINE_TABS: Tabs = (*RECORD_TABS[:5], ("l", "lines", "source"), *RECORD_TABS[5:])
"""The last line of a session of a line monitor's records."""

OF_RECORDS = frozenset({"help", "source", "memory", "output", "processes"})
"""Panels that there are for records too; in place of the others, the newest are shown."""


def draw(scene: Scene, state: ViewState, size: Size) -> Picture:
    """Say what to draw on a screen.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.
    size
        Size of the screen.

    Returns
    -------
    Picture
        As many lines as the screen has, none wider than it.

    """
    lines, width = size
    state = opened(scene.snapshot, state)
    seen = look(scene, state)
    head = summary(scene, seen, state, width)
    below = _below(seen, state, lines, width)
    room = max(0, lines - len(head) - len(below) - 1)
    of_records = scene.snapshot.of_recorder and state.panel not in OF_RECORDS
    shown = (records if of_records else PANELS[state.panel])(seen, state, room, width)
    middle = shown.lines[:room] + [Line("")] * (room - len(shown.lines))
    drawn = [*head, *middle, *below][: max(0, lines - 1)]
    keys = {} if state.typing else _keys(scene, state, shown)
    return Picture([*drawn, _tabs(scene, state, width)][:lines], keys)


def _below(scene: Scene, state: ViewState, lines: int, width: int) -> list[Line]:
    """Draw what each thread does, where the panel leaves room and does not show it itself."""
    if scene.snapshot.of_recorder or state.panel in {"open calls", "help", "processes"}:
        return []
    threads = len(running_stacks(scene.snapshot))
    return threads_now(scene, min(1 + max(1, threads), max(2, lines // 4)), width)


def _keys(scene: Scene, state: ViewState, shown: Picture) -> dict[str, str]:
    """Return what keys mean in this panel of this session."""
    keys = {**_next_threads(scene, state), **shown.keys}
    if has_lines(scene.snapshot):
        keys["l"] = "panel first"
    return {**keys, **dict.fromkeys(unavailable(scene), "")}


def _tabs_of(scene: Scene) -> Tabs:
    """Return which panels there are to turn to."""
    if not scene.snapshot.of_recorder:
        missing = unavailable(scene)
        return tuple(tab for tab in TABS if tab[0] not in missing)
    return LINE_TABS if has_lines(scene.snapshot) else RECORD_TABS


def _next_threads(scene: Scene, state: ViewState) -> dict[str, str]:
    """Tell to which threads the arrows lead: all of them together are one more."""
    numbers = [0, *sorted(scene.snapshot.threads)]
    at = numbers.index(state.thread) if state.thread in numbers else 0
    return {
        "left": f"thread {numbers[at - 1]}",
        "right": f"thread {numbers[(at + 1) % len(numbers)]}",
    }


def _tabs(scene: Scene, state: ViewState, width: int) -> Line:
    if scene.notice:
        return Line(safe(scene.notice, width), "bold")
    if state.typing:
        return Line(cut(f"filter: {safe(state.pattern)}▏", width), "bold")
    text, spans = "", []
    for key, name, panel in _tabs_of(scene):
        begin = len(text)
        if begin + len(key) + 1 + len(name) > width:
            break
        text += f"{key} {name}"
        if panel == state.panel or (key == "p" and state.paused):
            spans.append(Span(begin, len(text), "chosen", key))
        else:
            spans += [Span(begin, begin + 1, "key", key), Span(begin + 1, len(text), None, key)]
        text += "  "
    return Line(text.rstrip(), "dim", tuple(spans))


def report(scene: Scene, state: ViewState, *, rows: int, width: int) -> list[str]:
    """Write a session down as plain text.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.
    rows
        Functions, and threads, or records of each type, to tell of at most.
    width
        Columns that a line may have.

    Returns
    -------
    list of str
        Lines without an end.

    """
    drawn = summary(scene, scene, state, width)
    if scene.snapshot.of_recorder:
        drawn += records(scene, state, (rows + 2) * len(scene.snapshot.records), width).lines
    else:
        drawn += functions(scene, state, rows + 1, width).lines
        drawn += threads_now(scene, rows + 1, width)
    return [line.text.rstrip() for line in drawn]
