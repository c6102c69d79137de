"""What a viewer's user has chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
]
"""What fills the middle of the screen."""

SORTS = tuple(column.name for column in COLUMNS)
"""What the function table can be sorted by."""


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
    request: str = ""
    """What the user wants that is not drawing: ``leave``, ``save``, ``count from now``, ``count
    all``, ``watch ADDRESS``, or nothing."""
