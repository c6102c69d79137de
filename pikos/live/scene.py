"""What is put before the eye: a session's state with all that it takes to draw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from pikos.live.functions import Functions

if TYPE_CHECKING:
    from pikos.model import Snapshot

Style = Literal["plain", "bold", "dim", "heading", "good", "warning"]
"""How text is shown; what that looks like is the terminal's affair."""


class Line(NamedTuple):
    """One line of the screen."""

    text: str
    """Printable text."""
    style: Style = "plain"
    """How it is shown."""


class Size(NamedTuple):
    """The size of a screen."""

    lines: int
    """Lines of text."""
    columns: int
    """Columns of text."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A session's state with all that it takes to draw it.

    Threads: may be handed to any thread
    """

    snapshot: Snapshot
    """The state to show; empty if nothing was heard yet."""
    baseline: Snapshot | None = None
    """An earlier state of the same session, for rates."""
    now: float = 0.0
    """The viewer's clock, in seconds."""
    target: str = ""
    """What is listened to, as the user called it."""
    refused: int = 0
    """Messages that were none, or broke a limit."""
    refusal: str = ""
    """What was wrong with the last one of them."""
    disconnects: int = 0
    """How often the connection ended."""

    @property
    def functions(self) -> Functions:
        """What the function table is made from."""
        return Functions(self.snapshot, self.baseline)
