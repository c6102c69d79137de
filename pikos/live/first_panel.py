"""Which panel a viewer opens with: the one that tells most about the session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pikos.live.line_costs import busiest_line

if TYPE_CHECKING:
    from pikos.live.state import ViewState
    from pikos.model import Snapshot

ABOVE = 5
"""Lines of source that are shown above the busiest one."""


def opened(snapshot: Snapshot, state: ViewState) -> ViewState:
    """Replace the panel ``first`` by the one that a session opens with.

    That is the function table of a profile, the busiest lines of a line monitor's records, and
    otherwise the newest records, which stand where a profile has the function table.
    """
    if state.panel != "first":
        return state
    line = busiest_line([snapshot]) if snapshot.of_recorder else None
    if line is None:
        return replace(state, panel="functions")
    row = line.number - 1
    return replace(state, panel="source", file=line.file, row=row, first=max(0, row - ABOVE))
