"""Follows the order of one session's messages: what was dropped, whether the state is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.wire.messages import Hello
from pikos.wire.tables import FLAG_KEYFRAME_END

if TYPE_CHECKING:
    from pikos.wire.messages import Message


class Order:
    """The order of the messages of one session.

    A hello begins a keyframe; the message with the keyframe-end flag completes it.  Who has
    received both and everything between and since knows the whole state.
    """

    __slots__ = ("_expected", "complete", "dropped", "in_keyframe")

    def __init__(self) -> None:
        self._expected: int | None = None
        self.in_keyframe = False
        """Whether a keyframe is arriving, and nothing of it was dropped so far."""
        self.dropped = 0
        """Messages that were sent since the first one heard, and never arrived."""
        self.complete = False
        """Whether the whole state has been received, and nothing dropped since."""

    def note(self, message: Message) -> bool:
        """Take note of a message.

        Parameters
        ----------
        message
            The message that has arrived.

        Returns
        -------
        bool
            Whether it is news; one that is older than what was heard before is not.

        """
        sequence, begins = message.envelope.sequence, isinstance(message, Hello)
        if self._expected is not None:
            if sequence < self._expected and not begins:
                return False
            if sequence > self._expected:
                self.dropped += sequence - self._expected
                self.complete = False
                self.in_keyframe = False
        self._expected = sequence + 1
        if begins:
            self.in_keyframe = True
        elif message.envelope.flags & FLAG_KEYFRAME_END and self.in_keyframe:
            self.in_keyframe = False
            self.complete = True
        return True
