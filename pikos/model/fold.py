"""Folds the messages of any number of sessions into their present state."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from pikos.model.session import SessionState
from pikos.model.snapshot import Snapshot
from pikos.model.table import APPENDED_MAX, weight_of
from pikos.wire.messages import Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.wire.messages import Block, Message

SESSIONS_MAX = 64
"""Sessions that a model keeps; past them the one heard least lately is forgotten."""

WEIGHT_MAX = 1 << 30
"""Bytes that the rows of a model may take, roughly; past them no new rows are taken in."""


class Model:
    """The present state of every session that is listened to.

    Parameters
    ----------
    sessions_max
        Sessions to keep.
    weight_max
        Bytes that all rows together may take, roughly.
    records_max
        Records of each type to keep, the newest ones; None for all.

    Threads: one at a time; a ``Snapshot`` may go anywhere
    """

    def __init__(
        self,
        sessions_max: int = SESSIONS_MAX,
        weight_max: int = WEIGHT_MAX,
        records_max: int | None = APPENDED_MAX,
    ) -> None:
        self._sessions: OrderedDict[bytes, SessionState] = OrderedDict()
        self._sessions_max = sessions_max
        self._weight_max = weight_max
        self._records_max = records_max
        self._weight = 0  # never less than what the rows weigh
        self.forgotten = 0
        """Sessions that were forgotten for want of room."""

    @property
    def streams(self) -> tuple[bytes, ...]:
        """Stream ids of the sessions kept, the one heard last at the end."""
        return tuple(self._sessions)

    def fold(self, message: Message, now: float = 0.0) -> None:
        """Take in a message.

        Parameters
        ----------
        message
            The message.
        now
            When it arrived, by the viewer's clock, in seconds.

        """
        session = self._session(message.envelope.stream)
        if not session.note(message, now) or not isinstance(message, Rows):
            return
        seen: set[str] = set()
        for block in message.blocks:
            session.full = session.full or not self._has_room(block)
            session.fold(block, first=block.table.name not in seen)
            seen.add(block.table.name)

    def snapshot(self, stream: bytes | None = None) -> Snapshot:
        """Freeze the state of one session.

        Parameters
        ----------
        stream
            Its stream id; by default the session that was heard last.

        Returns
        -------
        Snapshot
            Its state; an empty one if there is no such session.

        """
        if stream is None:
            stream = next(reversed(self._sessions), b"")
        session = self._sessions.get(stream)
        return Snapshot() if session is None else session.snapshot()

    def facts(self, stream: bytes) -> Mapping[str, Any]:
        """Tell what a session has said of itself.

        Parameters
        ----------
        stream
            Its stream id.

        Returns
        -------
        Mapping
            As ``Snapshot.facts``, without freezing anything; empty if there is no such session.

        """
        session = self._sessions.get(stream)
        return {} if session is None else session.facts

    def _session(self, stream: bytes) -> SessionState:
        session = self._sessions.get(stream)
        if session is None:
            session = self._sessions[stream] = SessionState(stream, self._records_max)
            if len(self._sessions) > self._sessions_max:
                self._sessions.popitem(last=False)
                self.forgotten += 1
        self._sessions.move_to_end(stream)
        return session

    def _has_room(self, block: Block) -> bool:
        added = weight_of(block)
        self._weight += added
        if self._weight > self._weight_max:  # rows that replaced others were counted as new
            self._weight = added + sum(session.weight() for session in self._sessions.values())
        return self._weight <= self._weight_max
