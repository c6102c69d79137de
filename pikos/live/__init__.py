"""Watching sessions live: ``subscribe`` hears them, ``view`` says what to draw.

::

    publisher ═ zmq ═► client ─► messages ─► model ─► Snapshot ─► view ─► tui, text

No part of the profiler is needed here, so a viewer's machine needs none.
"""

from pikos.live.client import Subscription, subscribe

__all__ = ["Subscription", "subscribe"]
