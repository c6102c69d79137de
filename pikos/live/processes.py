"""The processes that can be watched: the live sessions of this user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.live.layout import Column, Table, listed, under
from pikos.live.scene import Line, Picture
from pikos.live.text import clock, left

if TYPE_CHECKING:
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState

ALL = "all"
"""Stands for all sessions together, where an address is expected."""


def processes(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the sessions that can be watched.

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
        A row for each; the first one stands for all that publish a profile, together.

    """
    laid = Table(
        (
            Column("PID", 10),
            Column("running", 9),
            Column("publishes", 9, number=False),
            Column("program", 0, number=False, style="name"),
        ),
        width,
    )
    if not scene.sessions:
        nothing = "no session of this user is live; start one with: pikos run SCRIPT"
        return Picture([laid.heading(), Line(left(nothing, width))][:room])
    rows = []
    if sum(session.publishes == "profile" for session in scene.sessions) > 1:
        rows.append(laid.row(["", "", "", "all profiles together"], key=f"watch {ALL}"))
    for session in scene.sessions:
        cells = [
            str(session.pid),
            clock(scene.unix_now - session.started_unix_ns / 1e9),
            session.publishes,
            " ".join(session.argv),
        ]
        watched = session.address == scene.target
        rows.append(laid.row(cells, "bold" if watched else "plain", f"watch {session.address}"))
    return under([laid.heading()], listed(state, rows, room - 1))
