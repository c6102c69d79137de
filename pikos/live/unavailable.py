"""Keys that have nothing to show in a session: they are not offered, and do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pikos.live.scene import Scene

_OF_STACKS = frozenset({"g", "o", "t", "a", "left", "right"})
_OF_FUNCTIONS = frozenset({"s", "S", "<", ">", "i", *map(str, range(1, 9))})
_OF_MEMORY = frozenset({"m"})


def unavailable(scene: Scene) -> frozenset[str]:
    """Return the keys that have nothing to show, or to sort, in a session.

    Records have neither stacks nor a function table; a file of pstats has functions and callers
    alone.
    """
    snapshot = scene.snapshot
    if snapshot.of_recorder:
        return _OF_STACKS | _OF_FUNCTIONS
    if snapshot.ended is None or snapshot.contexts or snapshot.threads:
        return frozenset()
    return _OF_STACKS if scene.memory else _OF_STACKS | _OF_MEMORY
