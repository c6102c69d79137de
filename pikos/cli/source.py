"""What every verb that looks at a session does alike: understand its target, and open it."""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pikos.cli.ps import GONE_COLUMNS, listing
from pikos.cli.pstats_file import PstatsFile
from pikos.cli.recognition import VIEWABLE, Kind, check
from pikos.cli.streams import print_error
from pikos.errors import SessionGone, SessionSilent, TargetUnclear
from pikos.live.client import subscribe
from pikos.live.last_state import LastState, StillState
from pikos.live.ledger_state import time_of_day
from pikos.live.sessions import gone_session, gone_sessions, list_sessions
from pikos.live.text import safe
from pikos.recording.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.cli.recognition import Expected
    from pikos.errors import PikosError
    from pikos.live.client import Subscription
    from pikos.live.sessions import Session
    from pikos.live.source import Source


def configure_target(parser: argparse.ArgumentParser, *, recordings: bool) -> None:
    """Add the options that say what is to be looked at.

    Parameters
    ----------
    parser
        The parser of a verb.
    recordings
        Whether that may be a recording.

    """
    parser.add_argument(
        "target",
        nargs="?",
        metavar="PID|ADDRESS|FILE" if recordings else "PID|ADDRESS",
        help=f"process, address{', path or recording' if recordings else ' or path'}; "
        "by default this user's only live session",
    )
    parser.add_argument("--keys", metavar="DIR", help="CURVE keys that pikos keygen made")


def target_of(target: str | None) -> str:
    """Tell what is to be looked at.

    Parameters
    ----------
    target
        What the user named: process, address, path or recording; None for the only live session.

    Returns
    -------
    str
        The target.

    Raises
    ------
    TargetUnclear
        If there are several sessions that could be meant, or none.

    """
    sessions = list_sessions()
    if target is None:
        if not sessions:
            raise _nothing_live()
        if len(sessions) > 1:
            raise _choice("several sessions are live; name the PID of one:", sessions)
        return sessions[0].address
    of_process = [session for session in sessions if str(session.pid) == target]
    if len(of_process) > 1:
        raise _choice(
            f"process {target} has several sessions; name the ADDRESS of one:", of_process
        )
    return target


def _nothing_live() -> TargetUnclear:
    gone = gone_sessions()
    if not gone:
        return TargetUnclear("no session is live; start one with: pikos run SCRIPT")
    return TargetUnclear(
        "\n".join(
            [
                "no session is live; name the PID of a program that is gone:",
                *listing(gone, time.time(), GONE_COLUMNS),
            ]
        )
    )


def _choice(reason: str, sessions: Sequence[Session]) -> TargetUnclear:
    return TargetUnclear("\n".join([reason, *listing(sessions, time.time())]))


def source_of(
    target: str,
    *,
    keys: str | None = None,
    speed: float = math.inf,
    expected: Expected = VIEWABLE,
) -> Subscription | Replay | StillState:
    """Open a target.

    Parameters
    ----------
    target
        A process, address or file.
    keys
        Directory of CURVE keys, or None.
    speed
        How much faster than it happened a recording is told.
    expected
        What the verb takes.

    Returns
    -------
    Subscription, Replay or StillState
        Its messages; of a process that is gone those of its last state, if that is kept.

    Raises
    ------
    SessionNotFound
        If no session answers to the target.
    WrongInput
        If the target is something that the verb does not take.
    PstatsError
        If a pstats file cannot be read.
    AddressError
        If the address makes no sense.
    KeyFileError
        If the keys cannot be used.
    LedgerError
        If the last state of a process that is gone cannot be read.

    """
    kind = check(target, expected)
    if kind is Kind.RECORDING:
        return Replay(target, speed=speed)
    if kind is Kind.PSTATS:
        return PstatsFile(target)
    gone = gone_session(target)
    if gone is not None:
        return LastState(gone)
    return subscribe(target, keys=keys)


def nothing_heard(target: str, waited_s: float, *, gone: bool) -> PikosError:
    """Make the error of a verb that has heard nothing.

    Parameters
    ----------
    target
        What the user named.
    waited_s
        Seconds that it has listened.
    gone
        Whether the process is known to be gone.

    Returns
    -------
    SessionGone or SessionSilent
        The error.

    """
    if gone:
        return SessionGone(target, "nothing was heard from it")
    return SessionSilent(target, waited_s, "is it still running? (see pikos ps)")


def report_shortcomings(prog: str, source: Source) -> None:
    """Print on stderr what a user must know of a source that is no running program.

    That is where a recording is damaged, and that a process is gone or does not answer.

    Parameters
    ----------
    prog
        The command, for the message.
    source
        The source; of a recording as far as it was read.

    """
    if isinstance(source, Replay) and source.damage:
        print_error(f"{prog}: {safe(source.path)}: {source.damage}")
    elif isinstance(source, LastState):
        moment = time_of_day(source.seen_unix_s)
        print_error(
            f"{prog}: process {source.session.pid} is gone since {moment} (killed, crashed, "
            "_exit or exec); this is what it had counted"
        )
    elif source.unanswered:
        print_error(
            f"{prog}: the process does not answer (it may be stopped); this is what it has "
            "counted, read from its ledger"
        )


def configure_source_roots(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which source files may be shown.

    Parameters
    ----------
    parser
        The parser of a verb.

    """
    parser.add_argument(
        "--source-root",
        type=_directory,
        action="append",
        metavar="DIR",
        help="show source files below DIR; several may be named (the working directory)",
    )


def _directory(text: str) -> str:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a directory")
    return text
