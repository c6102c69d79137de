"""A session's state for verbs that look once: of a program now, of a recording its last."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pikos.cli.recognition import VIEWABLE
from pikos.cli.source import nothing_heard, report_shortcomings, source_of
from pikos.cli.streams import print_error
from pikos.errors import RecordingError, StateIncomplete
from pikos.live.client import Subscription
from pikos.live.text import safe
from pikos.live.watch import Watch
from pikos.model import Model

if TYPE_CHECKING:
    from pikos.cli.recognition import Expected
    from pikos.live.last_state import StillState
    from pikos.model import Snapshot
    from pikos.recording.replay import Replay

WAIT_S = 10.0
"""Seconds of silence after which a program is given up."""

WHOLE_WAIT_S = 60.0
"""Seconds for which a program that speaks is listened to until its whole state was heard, which a
full tree takes long for on a busy machine."""

_LISTEN_S = 0.1


def state_of(
    prog: str, target: str, *, keys: str | None = None, expected: Expected = VIEWABLE
) -> Snapshot:
    """Find out the state of a session.

    Parameters
    ----------
    prog
        The command, for messages.
    target
        A process, address, path or recording.
    keys
        Directory of CURVE keys, or None.
    expected
        What the verb takes.

    Returns
    -------
    Snapshot
        Its state.

    Raises
    ------
    SessionSilent
        If there is nobody to hear.
    SessionGone
        If the process was gone before anything was heard.
    StateIncomplete
        If the whole state was not heard in time, or before the session ended.
    RecordingError
        If a recording tells of nothing.

    """
    source = source_of(target, keys=keys, expected=expected)
    with contextlib.closing(source):
        if isinstance(source, Subscription):
            snapshot = _present_of(source, target)
        else:
            snapshot = _last_of(prog, source, target)
    report_shortcomings(prog, source)
    _tell_of_losses(prog, snapshot)
    return snapshot


def _last_of(prog: str, source: Replay | StillState, target: str) -> Snapshot:
    model = Model(records_max=None)
    while not source.ended:
        message = source.receive()
        if message is not None:
            model.fold(message)
    snapshot = model.snapshot()
    if not snapshot.stream:
        raise RecordingError(target, "nothing is recorded in it")
    if len(model.streams) > 1:
        print_error(
            f"{prog}: {safe(target)}: of {len(model.streams)} sessions this is the one heard last"
        )
    return snapshot


def _present_of(subscription: Subscription, target: str) -> Snapshot:
    watch = Watch(subscription, target)
    give_up_at = subscription.now() + WHOLE_WAIT_S
    watch.settle(WAIT_S)
    while not (watch.whole or watch.over) and watch.silent_s() <= WAIT_S:
        if subscription.now() > give_up_at:
            break
        watch.listen(_LISTEN_S)
    snapshot = watch.scene().snapshot
    if not snapshot.stream:
        raise nothing_heard(target, WAIT_S, gone=watch.over)
    if not snapshot.complete:
        silent = f"nothing more for {WAIT_S:g} s" if watch.silent_s() > WAIT_S else None
        reason = "it has ended" if watch.over else silent or f"no more within {WHOLE_WAIT_S:g} s"
        raise StateIncomplete(target, reason)
    return snapshot


def _tell_of_losses(prog: str, snapshot: Snapshot) -> None:
    missed = sum(records.missed for records in snapshot.records.values())
    for lost, what in (
        (snapshot.refused_rows, "rows had no room in memory"),
        (missed, "records are missing: they came too early to be heard, or were lost"),
    ):
        if lost:
            print_error(f"{prog}: {lost:,} {what}")
