"""``pikos-run``: run a script under a monitor."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pikos.cli import monitor_options, monitor_run
from pikos.cli.execution import hint_at_options, program_of
from pikos.cli.main import status_of
from pikos.cli.monitor_options import MONITORS, PROFILER
from pikos.cli.options import add_options, option
from pikos.cli.parser import Parser
from pikos.cli.streams import hold_standard_descriptors

if TYPE_CHECKING:
    from collections.abc import Sequence

PROG = "pikos-run"
USAGE = """\
pikos-run [-h] [-o OUTPUT] [--buffered] [--recording {screen,text,csv}]
                 [--flush-each] [--focused-on FOCUSED_ON] [--filter FILTER]
                 [--fields FIELDS] [--threads {all,current}] [--debug]
                 {%s}
                 script [argument ...] | -m MODULE [argument ...] | -c CODE [argument ...]"""
EPILOG = """\
Of the options, -o, --buffered, --recording and --focused-on may also stand directly behind the
script; all from the first other word on is the script's. A -- before the script gives it all that
follows. With real_time the profile is printed at the end, or with -o saved for pstats.
"""
OUTPUT = option(
    "-o",
    "--output",
    dest="outfile",
    metavar="OUTPUT",
    help="Output results to a file; - for standard output, what the script prints then goes to "
    "standard error.",
)
_OPERANDS = len(("monitor", "script"))
AFTER_SCRIPT = ("-o", "--output", "--buffered", "--recording", "--focused-on")
"""The options that the first description of this command has behind the script."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        What follows the command's name; of this process where it is not given.

    Returns
    -------
    int
        The exit status: the script's, 2 for a command line that makes no sense, 1 if recording
        failed.

    """
    hold_standard_descriptors()
    options = _parsed(list(sys.argv[1:] if arguments is None else arguments))
    return status_of(PROG, lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    if options.monitor == PROFILER:
        return _profile(options)
    program, arguments = program_of(options)
    status = monitor_run.run(options, program, arguments)
    hint_at_options(PROG, arguments, (OUTPUT, *monitor_options.OPTIONS), status)
    return status


def _parsed(words: list[str]) -> argparse.Namespace:
    parser = Parser(
        PROG,
        usage=USAGE % ",".join((*MONITORS, PROFILER)),
        description="Execute the python script inside the pikos monitor context.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parser.add_argument
    own = [
        *add_options((OUTPUT, *monitor_options.OPTIONS), add),
        add("-m", dest="module", metavar="MODULE", help="Run a module, with its arguments."),
        add("-c", dest="text", metavar="CODE", help="Run Python code, with its arguments."),
    ]
    add("monitor", choices=(*MONITORS, PROFILER), help="The monitor to use")
    add("script", nargs="?", help="The script to run.")
    takes_value = {name for each in own if each.nargs is None for name in each.option_strings}
    own_words, arguments = _split(words, takes_value)
    options = parser.parse_args(own_words)
    for program in ("module", "text", "script"):
        name = getattr(options, program)
        setattr(options, program, None if name is None else [name, *arguments])
    options.script = options.script or []
    options.fail = parser.error
    options.prog = PROG
    return options


def _split(words: list[str], takes_value: set[str]) -> tuple[list[str], list[str]]:
    """Tell this command's words, operands last, from the arguments of the program."""
    options: list[str] = []
    operands: list[str] = []
    at = 0
    while at < len(words) and len(operands) < _OPERANDS:
        word = words[at]
        if word == "--":
            wanted = at + 1 + _OPERANDS - len(operands)
            return [*options, *operands, *words[at:wanted]], words[wanted:]
        if not word.startswith("-"):
            operands.append(word)
            at += 1
            continue
        after = at + 1 + (word in takes_value)
        options += words[at:after]
        at = after
        if word[:2] in {"-m", "-c"}:
            return options + operands, words[at:]
    while at < len(words) and (word := words[at]).startswith(AFTER_SCRIPT):
        after = at + 1 + (word in takes_value)
        options += words[at:after]
        at = after
    return options + operands, words[at:]


def _profile(options: argparse.Namespace) -> int:
    """Run the program as ``pikos run`` does, and print its profile if it is not saved."""
    from pikos.cli import run

    monitor_options.refuse_record_options(
        options, f"{PROFILER} makes no records; choose another monitor"
    )
    parser = Parser(PROG)
    run.configure(parser)
    defaults = parser.parse_args([] if options.outfile else ["-s", "cumtime"])
    return run.run(argparse.Namespace(**(vars(defaults) | vars(options))))
