"""``pikos ps``: list this user's live sessions."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from pikos.live.sessions import list_sessions
from pikos.live.text import clock, cut, safe, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pikos.live.sessions import Session

HELP = "list this user's live sessions"

WHAT_MAX = 10
"""Columns that tell what a session publishes."""

COMMAND_MAX = 100
"""Columns of a command line that are shown."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos ps``.

    """
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(options: argparse.Namespace) -> int:
    """List the sessions.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        0, also if there is none.

    """
    sessions = list_sessions()
    if options.json:
        print(
            json.dumps([{**session._asdict(), "path": str(session.path)} for session in sessions])
        )
    elif sessions:
        print("\n".join(listing(sessions, time.time())))
    else:
        print("No live session.  Start one with: pikos run SCRIPT")
    return 0


def listing(sessions: Sequence[Session], now_unix_s: float) -> list[str]:
    """Lay out sessions as a table.

    Parameters
    ----------
    sessions
        The sessions.
    now_unix_s
        Seconds since 1970.

    Returns
    -------
    list of str
        A heading, and a line for each session.

    """
    rows = [("PID", "SINCE", "WHAT", "ADDRESS", "COMMAND")]
    rows += [
        (
            str(session.pid),
            clock(now_unix_s - session.started_unix_ns / 1e9),
            cut(safe(session.publishes), WHAT_MAX),
            session.address,
            cut(safe(" ".join(session.argv)), COMMAND_MAX),
        )
        for session in sessions
    ]
    return table(rows, numbers=(True, True, False, False, False))
