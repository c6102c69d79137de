"""The ``pikos`` command: finds the verb, imports that one file, and runs it."""

from __future__ import annotations

import sys

from pikos.cli.streams import (
    accept_all_characters,
    finish,
    hold_standard_descriptors,
    is_terminal,
    print_error,
    reason_of,
)
from pikos.errors import (
    AddressError,
    ExportError,
    FunctionNotFound,
    KeyFileError,
    NotComparable,
    PikosError,
    PlotError,
    ProgramNotFound,
    PstatsError,
    RecordingError,
    SessionNotFound,
    TargetUnclear,
    WrongInput,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from typing import Protocol

    class Verb(Protocol):
        """What the file of a verb holds."""

        HELP: str
        """What the verb does, in one line."""

        def configure(self, parser: argparse.ArgumentParser) -> None:
            """Add the verb's options to its parser."""

        def run(self, options: argparse.Namespace) -> int:
            """Do it; the answer is the exit status."""


VERBS = (
    "run",
    "ps",
    "top",
    "record",
    "replay",
    "web",
    "export",
    "report",
    "diff",
    "plot",
    "keygen",
    "doctor",
)

USAGE_ERRORS = (
    AddressError,
    ExportError,
    FunctionNotFound,
    KeyFileError,
    NotComparable,
    PlotError,
    ProgramNotFound,
    PstatsError,
    RecordingError,
    SessionNotFound,
    TargetUnclear,
    WrongInput,
)
"""What is the fault of the command line: status 2, as argparse's own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        What follows the command's name; of this process where it is not given.

    Returns
    -------
    int
        The exit status: 2 for a command line that makes no sense, 1 for another error of Pikos;
        either is told on stderr in one line.

    """
    hold_standard_descriptors()
    if arguments is None:
        arguments = sys.argv[1:]
    chosen = arguments[0] if arguments and arguments[0] in VERBS else None
    if chosen is None and arguments and status_of("pikos", lambda: _check_verb(arguments[0])):
        return 2
    options = _simple(arguments[1:]) if chosen == "run" else None
    if options is None:
        options = _parsed(chosen, arguments)
    verb: Verb = options.verb
    if chosen != "run" or is_terminal("stderr"):
        from pikos.cli.gone import report_gone

        report_gone(chosen, arguments)
    if chosen == "run":
        return status_of(f"pikos {chosen}", lambda: verb.run(options))
    accept_all_characters()
    return status_of(f"pikos {chosen}", lambda: finish(lambda: verb.run(options)))


def status_of(prog: str, call: Callable[[], int]) -> int:
    """Run a command, and print the error that it fails with in one line.

    Parameters
    ----------
    prog
        The command, for the message.
    call
        What it does; the answer is the exit status.

    Returns
    -------
    int
        The exit status.

    """
    try:
        return call()
    except PikosError as error:
        print_error(f"{prog}: {error}")
        return 2 if isinstance(error, USAGE_ERRORS) else 1
    except OSError as error:
        print_error(f"{prog}: {reason_of(error)}")
        return 1


def _check_verb(word: str) -> int:
    """Refuse a file or process where a verb is expected, and name the command that takes it."""
    from pikos.cli.recognition import VERB, Kind, check, recognise

    if not word.startswith("-") and recognise(word) is not Kind.MISSING:
        check(word, VERB)
    return 0


def _simple(words: Sequence[str]) -> argparse.Namespace | None:
    """Read a command line of ``pikos run`` without argparse; None where that is needed."""
    from pikos.cli import run
    from pikos.cli.options import namespace, read_simple

    values = read_simple(run.OPTIONS, words)
    if values is None:
        return None
    fail = lambda reason: _parsed("run", ["run", *words]).fail(reason)  # noqa: E731
    return namespace({**values, "verb": run, "prog": "pikos run", "fail": fail})


def _parsed(chosen: str | None, arguments: Sequence[str]) -> argparse.Namespace:
    from pikos import __version__
    from pikos.cli.parser import Parser

    parser = Parser(prog="pikos", description="An exact profile of a running Python program, live.")
    parser.add_argument("--version", action="version", version=f"pikos {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name in VERBS if chosen is None else (chosen,):
        verb = _load(name)
        verb_parser = verbs.add_parser(name, help=verb.HELP, description=verb.HELP)
        verb.configure(verb_parser)
        verb_parser.set_defaults(verb=verb)
    options, others = parser.parse_known_args(arguments)
    if others:
        (parser if chosen is None else verb_parser).error(
            f"unrecognized arguments: {' '.join(others)}"
        )
    return options


def _load(name: str) -> Verb:
    import importlib

    verb: Verb = importlib.import_module(f"pikos.cli.{name}")
    return verb


if __name__ == "__main__":
    sys.exit(main())
