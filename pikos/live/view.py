"""What to draw of a session: lines of styled text, made of a scene and the user's choices alone.

::

    ┌ who it is ──────────────────────── how fresh ┐
    │ what was counted, what was lost, at what     │  always in sight
    │ cost, the memory of the process              │
    │                                              │
    │ panel: functions, open calls, threads, help, │
    │        or the newest records                 │
    │                                              │
    │ each thread: its open calls with their ages  │  always in sight
    └ keys ────────────────────────────────────────┘
"""

from __future__ import annotations

from pikos.live.panels import functions, panel, threads_now
from pikos.live.records import records
from pikos.live.scene import Line, Scene, Size
from pikos.live.state import ViewState, press
from pikos.live.summary import summary
from pikos.live.text import cut, safe

__all__ = ["Line", "Scene", "Size", "ViewState", "draw", "press", "report"]

RECORDS_HINTS = "q quit  p pause  / filter  c clear  arrows scroll  ? help"
"""The last line where records are shown."""

HINTS = "q quit  p pause  1-8 < > r sort  / filter  o open calls  t threads  ? help"
"""The last line."""


def draw(scene: Scene, state: ViewState, size: Size) -> list[Line]:
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
    list of Line
        At most as many lines as the screen has, none wider than it.

    """
    lines, width = size
    head = summary(scene, state, width)
    if scene.snapshot.of_recorder:
        return _records(scene, state, size, head)
    threads = len({call.thread for call in scene.snapshot.open_calls})
    below = min(1 + max(1, threads), max(2, lines // 4))
    middle = lines - len(head) - below - 1
    drawn = panel(scene, state, middle, width) if middle > 0 else []
    drawn += [Line("")] * (middle - len(drawn))
    hint = f"filter: {safe(state.pattern)}▏" if state.typing else HINTS
    drawn = [*head, *drawn, *threads_now(scene, below, width)]
    drawn += [Line("")] * (lines - 1 - len(drawn))
    return [*drawn[: lines - 1], Line(cut(hint, width), "dim")][:lines]


def _records(scene: Scene, state: ViewState, size: Size, head: list[Line]) -> list[Line]:
    lines, width = size
    middle = max(0, lines - len(head) - 1)
    draw_panel = panel if state.panel == "help" else records
    drawn = [*head, *draw_panel(scene, state, middle, width)]
    drawn += [Line("")] * (lines - 1 - len(drawn))
    hint = f"filter: {safe(state.pattern)}▏" if state.typing else RECORDS_HINTS
    return [*drawn[: lines - 1], Line(cut(hint, width), "dim")][:lines]


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
    if scene.snapshot.of_recorder:
        room = (rows + 2) * len(scene.snapshot.records)
        drawn = [*summary(scene, state, width), *records(scene, state, room, width)]
        return [line.text.rstrip() for line in drawn]
    drawn = [
        *summary(scene, state, width),
        *functions(scene, state, rows + 1, width),
        *threads_now(scene, rows + 1, width),
    ]
    return [line.text.rstrip() for line in drawn]
