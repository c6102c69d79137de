"""``pikos report``: write a page about a profile, for a browser."""

from __future__ import annotations

import argparse

from pikos.cli import export
from pikos.cli.recognition import VIEWABLE, Kind, check
from pikos.cli.source import configure_target
from pikos.cli.streams import STDOUT
from pikos.live.text import safe
from pikos.recording.container import SUFFIX

HELP = "write a page about a profile, for a browser"

EXAMPLES = """\
examples:
  pikos report session.pikos --html            writes session.html
  pikos report 4003 --html                     what process 4003 has done so far: 4003.html

The page needs no network, and has a flame graph and a table of functions.
"""

_NAMED = {Kind.PROCESS, Kind.RECORDING, Kind.PSTATS}
"""What a page can be named after."""
_SUFFIXES = (SUFFIX, ".pstats", ".prof")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos report``.

    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    configure_target(parser, recordings=True)
    add = parser.add_argument
    add("--html", action="store_true", help="as HTML, which is the only kind there is")
    add(
        "-o",
        dest="outfile",
        metavar="OUT",
        help="where to write (FILE or PID, with .html); - for standard output",
    )
    parser.set_defaults(fail=parser.error, prog="pikos report", returned_only=False)


def run(options: argparse.Namespace) -> int:
    """Write the page.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        0.

    """
    options.form, options.full_paths = "html", False
    if options.outfile is None:
        target = options.target
        if target is None or check(target, VIEWABLE) not in _NAMED:
            options.fail("-o: name the file to write; without it name a PID or a file")
        options.outfile = f"{_without_suffix(target)}.html"
    status = export.run(options)
    if options.outfile != STDOUT:
        print(safe(options.outfile))
    return status


def _without_suffix(target: str) -> str:
    for suffix in _SUFFIXES:
        target = target.removesuffix(suffix)
    return target
