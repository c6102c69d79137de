"""What of a scene the user looks at: one thread alone, or what came since a moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pikos.model.difference import difference
from pikos.model.threads import of_thread

if TYPE_CHECKING:
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState


def look(scene: Scene, state: ViewState) -> Scene:
    """Narrow a scene to what the user looks at.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.

    Returns
    -------
    Scene
        The scene, with the snapshot and the baseline that the panels are drawn from.

    """
    snapshot, baseline, since = scene.snapshot, scene.baseline, scene.since
    all_threads = None
    if state.thread in snapshot.threads:
        all_threads = snapshot if since is None else difference(snapshot, since)
        snapshot = of_thread(snapshot, state.thread)
        baseline = None if baseline is None else of_thread(baseline, state.thread)
        since = None if since is None else of_thread(since, state.thread)
    if since is not None:
        # A rate is a difference already: its baseline only has to lack what the snapshot lacks.
        snapshot = difference(snapshot, since)
        if baseline is not None:
            baseline = difference(baseline, since)
    return replace(scene, snapshot=snapshot, baseline=baseline, all_threads=all_threads)
