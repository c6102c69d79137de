"""States that do not change any more, as sources of messages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pikos.errors import PikosError
from pikos.live.ledger_state import LedgerState
from pikos.live.session_lock import LEDGER_NAME
from pikos.live.streams import Heard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from pikos.live.sessions import Session
    from pikos.wire.messages import Message


def last_seen_unix_s(session: Session) -> float:
    """Return when the process of a session that is gone was there last, in seconds since 1970.

    To about a second; when it was found gone where its ledger does not tell.
    """
    try:
        return _seen(LedgerState(os.path.join(session.path, LEDGER_NAME)), session)
    except PikosError:
        return session.gone_unix_ns / 1e9


def _seen(state: LedgerState, session: Session) -> float:
    return state.seen_unix_s or session.gone_unix_ns / 1e9


class StillState(Heard):
    """A state that does not change any more.

    Parameters
    ----------
    frames
        A session's whole state, message by message.

    Raises: what the frames raise, from the constructor and from ``receive``
    Threads: one at a time
    """

    def __init__(self, frames: Iterator[bytes]) -> None:
        super().__init__()
        self.live = False
        """Nothing more will come."""
        self.disconnects = 0
        """A file has no connection that could end."""
        self.tap: Callable[[bytes], None] | None = None
        """What is handed the bytes of each message, to record them."""
        self._frames = frames
        self._next = next(frames, None)

    @property
    def ended(self) -> bool:
        """Whether all has been received."""
        return self._next is None

    def now(self) -> float:
        """Return 0: the state grows no older."""
        return 0.0

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """Take the next message; None if there is none left."""
        del timeout_s
        while (frame := self._next) is not None:
            self._next = next(self._frames, None)
            message = self._streams.take(frame)
            if message is not None:
                if self.tap is not None:
                    self.tap(frame)
                return message
        return None

    def close(self) -> None:
        """Do nothing: the file is closed already."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class LastState(StillState):
    """What a process had counted when it was killed, crashed or replaced by another program.

    Parameters
    ----------
    session
        Its session.

    Raises: LedgerError from the constructor and ``receive``, if the file makes no sense
    Threads: one at a time
    """

    def __init__(self, session: Session) -> None:
        state = LedgerState(os.path.join(session.path, LEDGER_NAME))
        super().__init__(state.frames(reason=state.reason))
        self.session = session
        """Its session."""
        self.seen_unix_s = _seen(state, session)
        """When the process was there last, to about a second, in seconds since 1970."""
