"""Watching sessions live: ``subscribe`` hears them, ``view`` says what to draw.

::

    publisher ═ zmq ═► client ─► messages ─► model ─► Snapshot ─► view ─► tui, text

No part of the profiler is needed here, so a viewer's machine needs none.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pikos.live.client import Subscription, subscribe

__all__ = ["Subscription", "subscribe"]


def __getattr__(name: str) -> object:
    """Import what viewers need when it is asked for: publishers use files of this package, too."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pikos.live import client  # noqa: PLC0415 - see above

    return getattr(client, name)
