"""A source of messages that never says anything: before the user has chosen whom to watch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pikos.errors import WireError
    from pikos.wire.messages import Message


class Silence:
    """Nobody to listen to; a ``Source``."""

    unanswered = False
    live = True
    refused = 0
    last_error: WireError | None = None
    disconnects = 0
    ended = False

    def now(self) -> float:
        """Tell the time, in seconds."""
        return time.monotonic()

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """Wait, in vain."""
        time.sleep(timeout_s or 0.0)
        return None

    def close(self) -> None:
        """Do nothing."""
