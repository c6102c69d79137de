"""What is put before the eye: a session's state going in, a picture of styled lines coming out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from pikos.live.functions import Functions
from pikos.live.source_text import NO_SOURCE, SourceText
from pikos.live.text import width_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.live.history import Reading
    from pikos.live.sessions import Session
    from pikos.model import Snapshot

Style = Literal[
    "plain",
    "bold",
    "dim",
    "heading",
    "chosen",
    "good",
    "warning",
    "name",
    "number",
    "key",
    "graph",
    "flame 0",
    "flame 1",
    "flame 2",
    "flame 3",
]
"""How text is shown; what that looks like is the terminal's affair."""


class Span(NamedTuple):
    """A part of a line that looks different, or does something when it is clicked."""

    begin: int
    """Its first character."""
    end: int
    """The character after its last one."""
    style: Style | None = None
    """How it is shown; None for as the line."""
    key: str = ""
    """The key that a click on it presses; empty for the line's."""


class Line(NamedTuple):
    """One line of the screen."""

    text: str
    """Printable text."""
    style: Style = "plain"
    """How it is shown."""
    spans: tuple[Span, ...] = ()
    """Parts that differ, in order, none over another."""
    key: str = ""
    """The key that a click on it presses; empty for none."""


class Picture(NamedTuple):
    """All that is shown at one moment."""

    lines: list[Line]
    """The lines, from the top."""
    keys: Mapping[str, str] = {}
    """What keys mean here and nowhere else: the key to press instead of each."""

    def click(self, line: int, column: int) -> str:
        """Tell which key a click presses.

        Parameters
        ----------
        line, column
            Where it was, from 0; a wide character has two columns.

        Returns
        -------
        str
            The key; empty if there is nothing to click.

        """
        if not 0 <= line < len(self.lines):
            return ""
        clicked = self.lines[line]
        for span in clicked.spans:
            begin = width_of(clicked.text[: span.begin])
            if begin <= column < begin + width_of(clicked.text[span.begin : span.end]):
                return span.key or clicked.key
        return clicked.key


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
    unanswered: bool = False
    """Whether the process does not answer, and its state was read from its ledger's file."""
    all_threads: Snapshot | None = None
    """The state of all threads, where ``snapshot`` is narrowed to one; None where it is not."""
    replayed_s: float | None = None
    """How far a recording is told, in seconds since it began; None of a running program."""
    length_s: float | None = None
    """How long the recording is, in seconds; None if that is not known."""
    since: Snapshot | None = None
    """The state that the user counts from; None for the beginning."""
    memory: tuple[Reading, ...] = ()
    """The memory of the process over time, the latest at the end."""
    sessions: tuple[Session, ...] = ()
    """The live sessions of this user, if they were looked for."""
    unix_now: float = 0.0
    """Seconds since 1970, when they were."""
    source: SourceText = NO_SOURCE
    """The lines of the chosen function's file."""
    output: tuple[str, ...] | None = None
    """The newest lines that the program wrote, where they are kept from the terminal."""
    notice: str = ""
    """What came of the user's last wish, if there is something to tell."""

    @property
    def functions(self) -> Functions:
        """What the function table is made from."""
        return Functions(self.snapshot, self.baseline)
