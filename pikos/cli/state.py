"""A session's state for verbs that look once: of a program now, of a recording its last."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pikos.cli.source import source_of, tell_of_damage
from pikos.errors import RecordingError, SessionSilent
from pikos.live.watch import Watch

if TYPE_CHECKING:
    from pikos.model import Snapshot

WAIT_S = 10.0
"""Seconds of silence after which a program is given up."""


def state_of(prog: str, target: str, *, keys: str | None = None) -> Snapshot:
    """Find out the state of a session.

    Parameters
    ----------
    prog
        The command, for messages.
    target
        A process, address, path or recording.
    keys
        Directory of CURVE keys, or None.

    Returns
    -------
    Snapshot
        Its state.

    Raises
    ------
    SessionSilent
        If there is nobody to hear.
    RecordingError
        If a recording tells of nothing.

    """
    source = source_of(target, keys=keys)
    with contextlib.closing(source):
        watch = Watch(source, target)
        watch.settle(WAIT_S)
    tell_of_damage(prog, source)
    snapshot = watch.scene().snapshot
    if not snapshot.stream:
        if watch.live:
            raise SessionSilent(target, WAIT_S, "is it still running? (see pikos ps)")
        raise RecordingError(target, "nothing is recorded in it")
    return snapshot
