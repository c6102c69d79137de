"""``python -m pikos.real_time``: the command line of ``python -m cProfile``.

It differs where that is wanted: all threads are counted, the program is a true ``__main__`` whose
classes can be pickled, ``sys.argv[0]`` of a module is its path as with ``python -m``, and an error
is shown without the profiler's own frames.
"""

from __future__ import annotations

import optparse
import os
import pstats
import sys
from typing import TYPE_CHECKING

from pikos.errors import PikosError, ProgramNotFound
from pikos.real_time import Profile
from pikos.real_time.endings import write_error
from pikos.real_time.profile import EVENTS_TAKEN
from pikos.real_time.program import Module, Script, leave, report

if TYPE_CHECKING:
    from pikos.real_time.program import Program

USAGE = (
    "python -m pikos.real_time [-o output_file_path] [-s sort] [-m module | scriptfile] [arg] ..."
)
CUMULATIVE = 2
"""pstats' old number for the order that cProfile's command has when none is given."""


def main() -> None:
    """Profile the program of the command line, then save its statistics or print them.

    As with cProfile, ``SystemExit`` only ends the program: the statistics follow, and the status
    is 0.
    """
    parser = _parser()
    if not sys.argv[1:]:
        parser.print_usage()
        sys.exit(2)
    options, arguments = parser.parse_args()
    if not arguments:
        parser.print_usage()
        return
    outfile = None if options.outfile is None else os.path.abspath(options.outfile)
    program: Program = Module(arguments[0]) if options.module else Script(arguments[0])
    try:
        raised = _profile(program, arguments[1:], outfile, options.sort)
    except PikosError as error:
        sys.exit(f"pikos.real_time: {error}")
    except BrokenPipeError as error:
        raised = error
    if isinstance(raised, BrokenPipeError):
        sys.stdout = None  # nothing is left to be flushed when the interpreter ends
        sys.exit(raised.errno)
    if raised is not None and not isinstance(raised, SystemExit):
        sys.exit(leave(raised, report(raised)))


def _parser() -> optparse.OptionParser:
    parser = optparse.OptionParser(usage=USAGE)
    parser.allow_interspersed_args = False
    parser.add_option("-o", "--outfile", help="save the statistics to OUTFILE")
    parser.add_option(
        "-s",
        "--sort",
        default=CUMULATIVE,
        choices=sorted(pstats.Stats.sort_arg_dict_default),
        help="order of the statistics when printed: a sort key of pstats.Stats",
    )
    parser.add_option(
        "-m", dest="module", action="store_true", default=False, help="profile a library module"
    )
    return parser


def _profile(
    program: Program, arguments: list[str], outfile: str | None, sort: str | int
) -> BaseException | None:
    """Run the program under a profiler, deal with its statistics, return what it raised."""
    profile = Profile()
    raised = None
    try:
        execute = program.load(arguments)
        with profile:
            execute()
    except ProgramNotFound:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a program may raise
        raised = error
    if outfile is None:
        profile.print_stats(sort)
    else:
        profile.dump_stats(outfile)
    if profile.events_taken:
        write_error(f"pikos.real_time: {EVENTS_TAKEN}\n")
    return raised


if __name__ == "__main__":
    main()
