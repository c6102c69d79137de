"""``pikos record``: write what a program publishes into a file, for ``pikos replay``."""

from __future__ import annotations

import argparse
import signal
from typing import TYPE_CHECKING

from pikos.cli.options import RECORD_MAX, add_options
from pikos.cli.recognition import SESSION
from pikos.cli.recorded import recording_of, status_of
from pikos.cli.source import (
    configure_target,
    nothing_heard,
    report_shortcomings,
    source_of,
    target_of,
)
from pikos.cli.streams import is_terminal, print_error
from pikos.errors import SessionGone, SessionSilent
from pikos.live.client import Subscription
from pikos.live.text import safe, size

if TYPE_CHECKING:
    from pikos.recording.writer import RecordingWriter

HELP = "record what a running program publishes, for pikos replay"

EXAMPLES = """\
examples:
  pikos record -o session.pikos                  this user's only live session
  pikos record 4003 -o session.pikos             process 4003
  pikos run --record session.pikos script.py     a program from its start
  pikos replay session.pikos                     and look at it
"""

WAIT_S = 10.0
"""Seconds without a connection that are waited for."""

LOOK_S = 0.5
"""Seconds between two looks whether the recording goes on."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos record``.

    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    configure_target(parser, recordings=False)
    parser.add_argument(
        "-o", dest="outfile", required=True, metavar="FILE", help="where to write the recording"
    )
    add_options((RECORD_MAX,), parser.add_argument)


def run(options: argparse.Namespace) -> int:
    """Record until the program says goodbye, or the user has enough.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        The exit status: 1 if not everything could be written.

    Raises
    ------
    SessionGone
        If the process is gone without a goodbye.
    SessionSilent
        If there is nobody to hear, or a program elsewhere went without a goodbye.

    """
    target = target_of(options.target)
    source = source_of(target, keys=options.keys, expected=SESSION)
    with source, recording_of(source, options.outfile, options.record_max) as writer:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            if isinstance(source, Subscription):
                _listen(source, target, writer)
            else:
                while not source.ended and writer.failure is None:
                    source.receive()
        except KeyboardInterrupt:
            pass
        finally:
            writer.flush()
            if is_terminal("stderr"):
                print_error(_summary(writer))
    report_shortcomings("pikos record", source)
    return status_of("pikos record", writer)


def _listen(source: Subscription, target: str, writer: RecordingWriter) -> None:
    heard_at = source.now()
    while not source.ended and writer.failure is None:
        heard = source.receive(LOOK_S) is not None
        writer.flush_if_due()
        if heard or source.connected:
            heard_at = source.now()
        elif source.now() - heard_at > WAIT_S:
            if not writer.messages:
                raise nothing_heard(target, WAIT_S, gone=False)
            raise SessionSilent(
                target, WAIT_S, "it went without a goodbye; what was heard is recorded"
            )
    if source.gone:
        writer.flush()
        raise SessionGone(
            target,
            "what it had counted is recorded" if writer.messages else "nothing was heard from it",
        )


def _summary(writer: RecordingWriter) -> str:
    return (
        f"pikos record: {writer.messages:,} messages, {size(writer.size_bytes)}, "
        f"in {safe(writer.path)}"
    )
