"""``pikos top``: watch a session on the terminal, or as text or JSON."""

from __future__ import annotations

import argparse
import contextlib
import math
import shutil
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from pikos.cli.recorded import recorded, status_of
from pikos.cli.source import (
    configure_source_roots,
    configure_target,
    nothing_heard,
    report_shortcomings,
    source_of,
    target_of,
)
from pikos.cli.streams import is_screen
from pikos.errors import RecordingError, SessionSilent, TargetUnclear
from pikos.live.document import document
from pikos.live.functions import matcher
from pikos.live.sessions import list_sessions
from pikos.live.silence import Silence
from pikos.live.state import SORTS, ViewState
from pikos.live.view import report
from pikos.live.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikos.errors import PikosError
    from pikos.live.scene import Scene
    from pikos.live.source import Source
    from pikos.live.state import Panel

HELP = "watch a running program's profile or records, or a recording of them"

WAIT_S = 10.0
"""Seconds of silence after which a viewer without a terminal gives up."""

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
    configure_target(parser, recordings=True)
    add = parser.add_argument
    add("--record", metavar="FILE", help="record what is watched, for pikos replay")
    add("--kept-output", type=int, help=argparse.SUPPRESS)  # of pikos run --live, which starts us
    configure_viewer(parser)


def configure_viewer(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is shown, and how.

    Parameters
    ----------
    parser
        The parser of a verb.

    """
    parser.set_defaults(keys=None, record=None, kept_output=None)  # not every verb has them
    add = parser.add_argument
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
    configure_source_roots(parser)


def run(options: argparse.Namespace) -> int:
    """Watch until the program says goodbye, or the user has seen enough.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        The exit status: 0, or 1 if what was to be recorded could not be written.

    """
    try:
        target = target_of(options.target)
    except TargetUnclear:
        if options.record is not None or not _on_a_terminal(options) or not list_sessions():
            raise
        return _choose(options)
    source = source_of(target, keys=options.keys, speed=math.inf if options.once else 1.0)
    with contextlib.closing(source), recorded(source, options.record) as writer:
        show(source, target, options)
    report_shortcomings("pikos top", source)
    return 0 if writer is None else status_of("pikos top", writer)


def _choose(options: argparse.Namespace) -> int:
    """Show what can be watched, for the user to choose."""
    show(Silence(), "choose a process", options, panel="processes")
    return 0


def _on_a_terminal(options: argparse.Namespace) -> bool:
    """Tell whether a person is to look at a live picture."""
    return not (options.once or options.json) and is_screen("stdin", "stdout")


def show(
    source: Source, target: str, options: argparse.Namespace, *, panel: Panel = "first"
) -> None:
    """Show a source of messages until it ends, or the user has seen enough.

    Parameters
    ----------
    source
        The messages.
    target
        What the user calls it.
    options
        The command line, with the options of ``configure_viewer``.
    panel
        What is shown first.

    Raises
    ------
    SessionSilent
        If there is nobody to hear.
    SessionGone
        If the process was gone before anything was heard.
    RecordingError
        If a recording tells of nothing.

    """
    descending = options.sort != "name"
    state = ViewState(panel, options.sort, descending=descending, pattern=options.filter)
    with contextlib.suppress(KeyboardInterrupt):
        _watch(Watch(source, target), state, options)


def _watch(watch: Watch, state: ViewState, options: argparse.Namespace) -> None:
    if options.once:
        _print_once(watch, state, options)
    elif not _on_a_terminal(options):
        _print_until_the_end(watch, state, options)
    else:
        from pikos.cli.collector import collect_seldom
        from pikos.cli.screen import show

        collect_seldom()
        signal.signal(signal.SIGTERM, _leave)  # so that the terminal is put in order
        end = show(
            watch,
            state,
            interval_s=options.interval,
            others=watch.live and options.record is None,
            keys=options.keys,
            roots=options.source_root or ["."],
            kept=options.kept_output,
        )
        if end is not None:
            if not end.snapshot.stream:
                raise _nothing_of(end.target, watch, gone=True)
            _print(end, state, options)


def _leave(number: int, frame: object) -> NoReturn:
    del frame
    sys.exit(128 + number)


def _print_once(watch: Watch, state: ViewState, options: argparse.Namespace) -> None:
    watch.settle(WAIT_S)
    scene = watch.scene()
    if not scene.snapshot.stream:
        raise _nothing_of(scene.target, watch, gone=watch.over)
    _print(scene, state, options)


def _print_until_the_end(watch: Watch, state: ViewState, options: argparse.Namespace) -> None:
    while not watch.over:
        watch.listen(options.interval or TEXT_INTERVAL_S)
        scene = watch.scene()
        if scene.snapshot.stream:
            _print(scene, state, options)
        if watch.live and watch.silent_s() > WAIT_S and not watch.over:
            raise SessionSilent(scene.target, WAIT_S, "it went without a goodbye")
    scene = watch.scene()
    if not scene.snapshot.stream:
        raise _nothing_of(scene.target, watch, gone=True)


def _nothing_of(target: str, watch: Watch, *, gone: bool) -> PikosError:
    """Make the error of a source that told nothing."""
    if not watch.live:
        return RecordingError(target, "nothing is recorded in it")
    return nothing_heard(target, WAIT_S, gone=gone)


def _print(scene: Scene, state: ViewState, options: argparse.Namespace) -> None:
    if options.json:
        print(document(scene, state, options.limit), flush=True)
        return
    width = shutil.get_terminal_size((WIDTH, ROWS)).columns
    print(*report(scene, state, rows=options.limit or ROWS, width=width), "", sep="\n", flush=True)


def number(convert: Callable[[str], float], text: str, least: float, what: str) -> float:
    """Understand a number on the command line.

    Parameters
    ----------
    convert
        ``int`` or ``float``.
    text
        The number, as it was given.
    least
        The least that it may be.
    what
        What was expected, for the message.

    Returns
    -------
    float
        The number.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is none, or too small.

    """
    try:
        found = convert(text)
    except ValueError:
        found = math.nan
    if not least <= found < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return found


def _seconds(text: str) -> float:
    return number(float, text, 0.01, "a number of seconds, at least 0.01")


def _rows(text: str) -> int:
    return int(number(int, text, 1, "a number of functions, at least 1"))


def _pattern(text: str) -> str:
    try:
        matcher(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    return text
