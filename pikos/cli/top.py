"""``pikos top``: watch a session on the terminal, or as text or JSON."""

from __future__ import annotations

import argparse
import io
import math
import os
import shutil
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from pikos.cli.ps import listing
from pikos.errors import SessionNotFound, SessionSilent
from pikos.live.client import subscribe
from pikos.live.document import document
from pikos.live.functions import matcher
from pikos.live.sessions import list_sessions
from pikos.live.state import SORTS, ViewState
from pikos.live.view import report
from pikos.live.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikos.live.scene import Scene

HELP = "watch a running program's profile or records"

WAIT_S = 10.0
"""Seconds of silence after which a viewer without a terminal gives up."""

SCREEN_INTERVAL_S = 0.3
TEXT_INTERVAL_S = 1.0
"""Seconds between two pictures, unless the user says otherwise."""

ROWS = 20
"""Functions that a picture in text has, unless the user says otherwise."""

WIDTH = 120
"""Columns of text where there is no terminal to measure."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos top``.

    """
    add = parser.add_argument
    add(
        "target",
        nargs="?",
        metavar="PID|ADDRESS",
        help="process, address or path; by default this user's only live session",
    )
    add("--once", action="store_true", help="print the present state and leave")
    add("--json", action="store_true", help="print JSON, one line for each picture")
    add("--sort", choices=SORTS, default="self", help="column to sort by (self)")
    add(
        "--filter",
        type=_pattern,
        default="",
        metavar="PATTERN",
        help="only functions whose name or file, only records of which a value has it: a part, "
        "a glob, or re:EXPRESSION",
    )
    add(
        "--limit",
        type=_rows,
        metavar="N",
        help=f"print N functions or records ({ROWS}; of JSON all)",
    )
    add("--interval", type=_seconds, metavar="SECONDS", help="time between two pictures")
    add("--keys", metavar="DIR", help="CURVE keys that pikos keygen made")


def run(options: argparse.Namespace) -> int:
    """Watch until the program says goodbye, or the user has seen enough.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        The exit status: 0, or 2 if it is not clear what to watch.

    Raises
    ------
    SessionSilent
        If there is nobody to hear.

    """
    target = options.target or _only_session()
    if target is None or _is_ambiguous(target):
        return 2
    try:
        subscription = subscribe(target, keys=options.keys)
    except SessionNotFound as error:
        print(f"pikos top: {error}", file=sys.stderr)
        return 2
    state = ViewState(sort=options.sort, descending=options.sort != "name", pattern=options.filter)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with subscription:
        watch = Watch(subscription, target)
        try:
            _watch(watch, state, options)
        except KeyboardInterrupt:
            pass
        except BrokenPipeError:  # whoever read has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _watch(watch: Watch, state: ViewState, options: argparse.Namespace) -> None:
    if options.once:
        _print_once(watch, state, options)
    elif options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        _print_until_the_end(watch, state, options)
    else:
        from pikos.live.tui import show  # there may be no curses

        signal.signal(signal.SIGTERM, _leave)  # so that the terminal is put in order
        scene = show(watch, state, options.interval or SCREEN_INTERVAL_S)
        if scene.snapshot.ended is not None:
            _print(scene, state, options)


def _leave(number: int, frame: object) -> NoReturn:
    del frame
    sys.exit(128 + number)


def _print_once(watch: Watch, state: ViewState, options: argparse.Namespace) -> None:
    give_up_at = time.monotonic() + WAIT_S
    while not (watch.whole or watch.over) and time.monotonic() < give_up_at:
        watch.listen(0.01)
    scene = watch.scene()
    if not scene.snapshot.stream:
        raise SessionSilent(scene.target, WAIT_S, "is it still running? (see pikos ps)")
    _print(scene, state, options)


def _print_until_the_end(watch: Watch, state: ViewState, options: argparse.Namespace) -> None:
    while not watch.over:
        watch.listen(options.interval or TEXT_INTERVAL_S)
        scene = watch.scene()
        if scene.snapshot.stream:
            _print(scene, state, options)
        if watch.silent_s() > WAIT_S and not watch.over:
            raise SessionSilent(scene.target, WAIT_S, "it went without a goodbye")


def _print(scene: Scene, state: ViewState, options: argparse.Namespace) -> None:
    if options.json:
        print(document(scene, state, options.limit), flush=True)
        return
    width = shutil.get_terminal_size((WIDTH, ROWS)).columns
    print(*report(scene, state, rows=options.limit or ROWS, width=width), "", sep="\n", flush=True)


def _only_session() -> str | None:
    """Find the one live session; where there is none, or several, say so."""
    sessions = list_sessions()
    if len(sessions) == 1:
        return sessions[0].address
    if sessions:
        print("pikos top: several sessions are live; name the PID of one:", file=sys.stderr)
        print("\n".join(listing(sessions, time.time())), file=sys.stderr)
    else:
        print("pikos top: no session is live; start one with: pikos run SCRIPT", file=sys.stderr)
    return None


def _is_ambiguous(target: str) -> bool:
    """Tell whether a process has several sessions; if so, say which."""
    sessions = [each for each in list_sessions() if str(each.pid) == target]
    if len(sessions) > 1:
        print(
            f"pikos top: process {target} has several sessions; name the ADDRESS of one:",
            file=sys.stderr,
        )
        print("\n".join(listing(sessions, time.time())), file=sys.stderr)
    return len(sessions) > 1


def _number(convert: Callable[[str], float], text: str, least: float, what: str) -> float:
    try:
        number = convert(text)
    except ValueError:
        number = math.nan
    if not least <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return number


def _seconds(text: str) -> float:
    return _number(float, text, 0.01, "a number of seconds, at least 0.01")


def _rows(text: str) -> int:
    return int(_number(int, text, 1, "a number of functions, at least 1"))


def _pattern(text: str) -> str:
    try:
        matcher(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    return text
