"""What the program writes to the terminal, where a table stands in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.live.layout import newest
from pikos.live.scene import Line, Picture
from pikos.live.text import TAB, left, safe

if TYPE_CHECKING:
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState


def output(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the program's output, the newest line last.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen, and how far back to look.
    room
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    Picture
        A heading and lines.

    """
    if scene.output is None:
        why = "it writes elsewhere; only pikos run --live keeps what it writes to this terminal"
        return Picture([Line(left(why, width), "heading")][: max(0, room)])
    seen, keys = newest(state, len(scene.output), room - 1)
    drawn = [Line(safe(line.expandtabs(TAB), width)) for line in scene.output[seen]]
    title = f"what the program wrote: the newest {len(scene.output)} lines"
    return Picture([Line(left(title, width), "heading"), *drawn], keys)
