"""The help: every key, and every column of the function table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.live.bindings import BINDINGS
from pikos.live.functions import COLUMNS
from pikos.live.layout import listed, under
from pikos.live.scene import Line, Picture
from pikos.live.text import left, safe
from pikos.live.unavailable import unavailable

if TYPE_CHECKING:
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState


def helping(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the help.

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
        A heading and the lines of help.

    """
    missing = unavailable(scene)
    rows = [
        Line(safe(f"  {binding.shown:18} {binding.meaning}", width))
        for binding in BINDINGS
        if not missing.issuperset(binding.keys)
    ]
    if not scene.snapshot.of_recorder:
        rows.append(Line(left("columns", width), "bold"))
        rows += [
            Line(safe(f"  {number} {column.title:16} {column.meaning}", width))
            for number, column in enumerate(COLUMNS, start=1)
        ]
    heading = Line(left("keys; a click does what Enter does", width), "heading")
    return under([heading], listed(state, rows, room - 1))
