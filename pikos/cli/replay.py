"""``pikos replay``: show a recording as if its program ran now."""

from __future__ import annotations

import argparse
import contextlib
import math

from pikos.cli import top
from pikos.cli.recognition import REPLAYABLE, check
from pikos.cli.serving import configure_serving, serve
from pikos.cli.source import report_shortcomings
from pikos.recording.replay import Replay

HELP = "show a recording as if its program ran now"

EXAMPLES = """\
examples:
  pikos replay session.pikos                 at the pace at which it was recorded
  pikos replay session.pikos --speed 10      ten times as fast
  pikos replay session.pikos --at 90         from 90 seconds after its beginning
  pikos replay session.pikos --web           in the browser
  pikos replay session.pikos --once --json   its last state, for scripts
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos replay``.

    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("recording", metavar="FILE", help="what pikos record, or --record, has written")
    add(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="X",
        help="how many times as fast as it happened (1)",
    )
    add(
        "--at",
        type=_position,
        metavar="SECONDS",
        help="begin so many seconds after the recording's beginning; with --once: show that moment",
    )
    add("--web", action="store_true", help="show it in the browser")
    configure_serving(parser)
    top.configure_viewer(parser)


def run(options: argparse.Namespace) -> int:
    """Show the recording until it ends, or the user has seen enough.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        0; also if the recording is cut off.

    Raises
    ------
    WrongInput, RecordingError
        If the file is no recording.

    """
    check(options.recording, REPLAYABLE)
    if options.once:
        replay = Replay(options.recording, end_s=math.inf if options.at is None else options.at)
    else:
        replay = Replay(options.recording, speed=options.speed, begin_s=options.at or 0.0)
    if options.web:
        return serve([(replay, options.recording)], options)
    with contextlib.closing(replay):
        top.show(replay, options.recording, options)
    report_shortcomings("pikos replay", replay)
    return 0


def _speed(text: str) -> float:
    return top.number(float, text, 0.001, "a speed: 1 as it happened, 2 twice as fast, …")


def _position(text: str) -> float:
    return top.number(float, text, 0.0, "a number of seconds, at least 0")
