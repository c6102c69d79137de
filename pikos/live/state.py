"""What a viewer's user has chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from pikos.live.functions import COLUMNS

Panel = Literal[
    "functions",
    "function",
    "source",
    "flame graph",
    "open calls",
    "threads",
    "memory",
    "processes",
    "output",
    "help",
    "first",
]
"""What fills the middle of the screen; ``first`` is what a session opens with."""

SORTS = tuple(column.name for column in COLUMNS)
"""What the function table can be sorted by."""


BACK_MAX = 50
"""Places that a user can go back to."""


class Place(NamedTuple):
    """Where a user was before looking closer."""

    panel: Panel
    row: int
    first: int
    function: int
    file: str
    zoom: tuple[int, ...]
    node: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ViewState:
    """What the user has chosen.

    Threads: may be handed to any thread
    """

    panel: Panel = "first"
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
    row: int = 0
    """The chosen row of the panel."""
    first: int = 0
    """The first row of the panel that is shown, unless the chosen one is elsewhere."""
    function: int = 0
    """Id of the function that is looked at closely; 0 for none."""
    thread: int = 0
    """Id of the thread that is looked at; 0 for all."""
    zoom: tuple[int, ...] = ()
    """Functions from the outermost to the one that fills the flame graph."""
    node: tuple[int, ...] = ()
    """Functions from the outermost to the chosen one of the flame graph."""
    file: str = ""
    """The source file that is looked at."""
    back: tuple[Place, ...] = ()
    """Places that lead here, the last one at the end."""
    request: str = ""
    """What the user wants that is not drawing: ``leave``, ``save``, ``count from now``, ``count
    all``, ``watch ADDRESS``, or nothing."""

    def closer(self, panel: Panel) -> ViewState:
        """Turn to a panel that looks closer, from which there is a way back."""
        here = Place(
            self.panel, self.row, self.first, self.function, self.file, self.zoom, self.node
        )
        back = (*self.back, here)[-BACK_MAX:]
        return replace(self, panel=panel, row=0, first=0, back=back)

    def turned(self, panel: Panel) -> ViewState:
        """Turn to another panel, from which there is no way back."""
        return replace(self, panel=panel, row=0, first=0, back=())

    def returned(self) -> ViewState:
        """Go back one place, as it was left."""
        if not self.back:
            return self.turned("first")
        return replace(self, **self.back[-1]._asdict(), back=self.back[:-1])
