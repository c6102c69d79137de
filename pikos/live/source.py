"""Where a viewer's messages come from: a running program, or a recording of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pikos.errors import WireError
    from pikos.wire.messages import Message


class Source(Protocol):
    """Messages of one or more sessions, as they arrive or arrived."""

    live: bool
    """Whether whoever speaks may fall silent, or go without a goodbye."""

    unanswered: bool
    """Whether the process does not answer, and its state was read from its ledger's file."""

    @property
    def refused(self) -> int:
        """Frames that were no message, or broke a limit."""

    @property
    def last_error(self) -> WireError | None:
        """What was wrong with the last one of them."""

    @property
    def disconnects(self) -> int:
        """How often the connection ended."""

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""

    def now(self) -> float:
        """Tell the time at the source, in seconds: what arrivals are told by."""

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """Wait for a message; None if there is none in so many seconds of the viewer's time."""

    def close(self) -> None:
        """Stop listening; a second time is fine."""


@runtime_checkable
class Seekable(Protocol):
    """A source that can begin again anywhere: a recording."""

    @property
    def length_s(self) -> float | None:
        """Seconds from the beginning to the last message; None if that is not known."""

    @property
    def behind(self) -> bool:
        """Whether something is still to come of what arrived before the place where it began."""

    def seek(self, position_s: float) -> None:
        """Begin anew with everything that arrived in so many seconds, and go on from there."""


def length_of(source: Source) -> float | None:
    """Return how long a source is, in seconds; None if that is not known, or it has no end yet."""
    return source.length_s if isinstance(source, Seekable) else None
