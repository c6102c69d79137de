"""``pikos web``: watch sessions in the browser."""

from __future__ import annotations

import argparse
import math

from pikos.cli.serving import configure_serving, serve
from pikos.cli.source import configure_source_roots, report_shortcomings, source_of, target_of

HELP = "watch running programs, or recordings, in the browser"

EXAMPLES = """\
examples:
  pikos web                          every session of yours, as they come and go
  pikos web 12345 before.pikos       a process, and a recording
  ssh -L 8800:127.0.0.1:8800 HOST    and there: pikos web --port 8800 --no-open
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos web``.

    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add(
        "targets",
        nargs="*",
        metavar="PID|ADDRESS|FILE",
        help="processes, addresses, paths and recordings; by default every live session of this "
        "user",
    )
    add("--keys", metavar="DIR", help="CURVE keys that pikos keygen made")
    configure_source_roots(parser)
    configure_serving(parser)


def run(options: argparse.Namespace) -> int:
    """Serve the page until the user has seen enough.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        0.

    Raises
    ------
    SessionNotFound
        If no live session answers to a target.
    AddressError
        If an address makes no sense, or the port cannot be had.
    WebMissing
        If the extra ``web`` is not installed.

    """
    targets = [target_of(target) for target in options.targets]
    sources = [(source_of(target, keys=options.keys, speed=math.inf), target) for target in targets]
    for source, _ in sources:
        report_shortcomings("pikos web", source)
    return serve(sources, options)
