"""``pikos diff``: tell exactly what differs between two profiles."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from pikos.cli.execution import check_outfile
from pikos.cli.pstats_file import read_bounded
from pikos.cli.recognition import COMPARABLE, Kind, check
from pikos.cli.state import state_of
from pikos.cli.streams import STDOUT
from pikos.cli.top import number
from pikos.cli.whole_file import whole_file
from pikos.comparison.difference import differences
from pikos.comparison.flame_page import flame_page
from pikos.comparison.kinds import check_comparable, notes
from pikos.comparison.profile import profile_of_pstats, profile_of_snapshot
from pikos.comparison.told import ORDERS, as_json, as_text, ordered
from pikos.errors import NotComparable
from pikos.export.json_file import read_json_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pikos.comparison.profile import Compared

HELP = "tell exactly what differs between two profiles"

EXAMPLES = """\
examples:
  pikos diff before.pikos after.pikos
  pikos diff before.pstats after.pikos -s calls -n 50
  pikos diff before.json 4003                     what process 4003 has done so far
  pikos diff before.pikos after.pikos --flame differences.html

A and B are recordings, what pikos export -f json has written, files for pstats, or running
programs, in any mix. Differences are B's counts less A's.
"""

ROWS = 20
"""Functions that are shown, unless the user says otherwise."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos diff``.

    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("a", metavar="A", help="the profile to compare with")
    add("b", metavar="B", help="the profile that is compared")
    add("-s", dest="sort", choices=ORDERS, default="self", help="sort by this difference (self)")
    add(
        "-n", dest="limit", type=_rows, default=ROWS, metavar="N", help=f"show N functions ({ROWS})"
    )
    add("--json", action="store_true", help="print JSON, with all functions")
    add("--flame", dest="outfile", metavar="OUT", help="write a flame graph of differences, HTML")
    add("--keys", metavar="DIR", help="CURVE keys that pikos keygen made")
    parser.set_defaults(fail=parser.error)


def run(options: argparse.Namespace) -> int:
    """Compare the two.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        0, whether they differ or not.

    Raises
    ------
    WrongInput
        If one is no profile.
    NotComparable
        If one cannot be read, or they are of different kinds.

    """
    check_outfile(options, option="--flame", inputs=(options.a, options.b))
    if options.outfile == STDOUT and options.json:
        options.fail("--flame - and --json exclude each other: both write to standard output")
    a, b = (_profile(target, options.keys) for target in (options.a, options.b))
    check_comparable(a, b)
    found = differences(a, b)
    if options.outfile is not None:
        _write_flame(flame_page(a, b, found, notes(a, b)), options.outfile)
        if options.outfile == STDOUT:
            return 0
    rows = ordered(found, options.sort)
    if options.json:
        print(as_json(a, b, rows, notes(a, b)))
    else:
        print(*as_text(a, b, rows, options.limit, notes(a, b)), sep="\n")
    return 0


def _profile(target: str, keys: str | None) -> Compared:
    kind = check(target, COMPARABLE)
    if kind in {Kind.PSTATS, Kind.STATE}:
        try:
            content = read_bounded(target)
            if kind is Kind.STATE:
                return profile_of_snapshot(read_json_file(content))
            return profile_of_pstats(content)
        except ValueError as error:
            raise NotComparable(f"{target} {kind.value} that cannot be read: {error}") from None
    snapshot = state_of("pikos diff", target, keys=keys)
    if snapshot.of_recorder:
        raise NotComparable(f"{target} has records, not a profile; export them as csv")
    return profile_of_snapshot(snapshot)


def _write_flame(pieces: Iterable[str], outfile: str) -> None:
    try:
        with whole_file(outfile) as file:
            file.writelines(piece.encode() for piece in pieces)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NotComparable(f"{outfile}: {error.strerror}") from None


_rows = partial(number, int, least=1, what="a number of functions, at least 1")
