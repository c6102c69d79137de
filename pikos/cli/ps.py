"""``pikos ps``: list this user's live sessions, and what is left of killed ones."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, NamedTuple

from pikos.live.last_state import last_seen_unix_s
from pikos.live.sessions import gone_sessions, list_sessions
from pikos.live.text import clock, cut, safe, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

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
        print("", GONE, *listing(gone, time.time(), GONE_COLUMNS), sep="\n")
    return 0


class Column(NamedTuple):
    """A column of the table of sessions."""

    heading: str
    cell: Callable[[Session, float], str]
    """Its text for a session, at a time in seconds since 1970."""
    is_number: bool = False


PID = Column("PID", lambda session, _: str(session.pid), is_number=True)
COMMAND = Column("COMMAND", lambda session, _: cut(safe(" ".join(session.argv)), COMMAND_MAX))
LIVE_COLUMNS = (
    PID,
    Column("SINCE", lambda session, now_s: clock(now_s - _started_s(session)), is_number=True),
    Column("WHAT", lambda session, _: cut(safe(session.publishes), WHAT_MAX)),
    Column("ADDRESS", lambda session, _: session.address),
    COMMAND,
)
"""What is shown of a live session."""
GONE_COLUMNS = (
    PID,
    Column("STARTED", lambda session, now_s: _ago(now_s - _started_s(session)), is_number=True),
    Column("GONE", lambda session, now_s: _ago(now_s - last_seen_unix_s(session)), is_number=True),
    COMMAND,
)
"""What is shown of the session of a process that is gone."""


def listing(
    sessions: Sequence[Session], now_unix_s: float, columns: Sequence[Column] = LIVE_COLUMNS
) -> list[str]:
    """Lay out sessions as a table.

    Parameters
    ----------
    sessions
        The sessions.
    now_unix_s
        Seconds since 1970.
    columns
        What is shown of each.

    Returns
    -------
    list of str
        A heading, and a line for each session.

    """
    rows = [tuple(column.heading for column in columns)]
    rows += [tuple(column.cell(session, now_unix_s) for column in columns) for session in sessions]
    return table(rows, numbers=tuple(column.is_number for column in columns))


def _started_s(session: Session) -> float:
    return session.started_unix_ns / 1e9


def _ago(seconds: float) -> str:
    return f"{clock(seconds)} ago"
