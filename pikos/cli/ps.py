"""``pikos ps``: list this user's live sessions, and what is left of killed ones."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from pikos.live.last_state import last_seen_unix_s
from pikos.live.sessions import gone_sessions, list_sessions
from pikos.live.text import clock, cut, safe, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pikos.live.sessions import Session

HELP = "list this user's live sessions, and killed programs whose last state is kept"

WHAT_MAX = 10
"""Columns that tell what a session publishes."""

GONE = (
    "Ended abruptly (killed, crashed or _exit); what they had counted: pikos top PID, "
    "pikos report PID --html"
)
"""What stands above the programs that are gone."""

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
        0, also if there are no sessions.

    """
    sessions, gone = list_sessions(), gone_sessions()
    if options.json:
        gone = tuple(one._replace(gone_unix_ns=int(last_seen_unix_s(one) * 1e9)) for one in gone)
        print(json.dumps([session._asdict() for session in (*sessions, *gone)]))
        return 0
    if sessions:
        print("\n".join(listing(sessions, time.time())))
    else:
        print("No live session.  Start one with: pikos run SCRIPT")
    if gone:
        print("", GONE, *gone_listing(gone, time.time()), sep="\n")
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


def gone_listing(sessions: Sequence[Session], now_unix_s: float) -> list[str]:
    """Lay out sessions of processes that are gone as a table.

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
    rows = [("PID", "STARTED", "GONE", "COMMAND")]
    rows += [
        (
            str(session.pid),
            f"{clock(now_unix_s - session.started_unix_ns / 1e9)} ago",
            f"{clock(now_unix_s - last_seen_unix_s(session))} ago",
            cut(safe(" ".join(session.argv)), COMMAND_MAX),
        )
        for session in sessions
    ]
    return table(rows, numbers=(True, True, True, False))
