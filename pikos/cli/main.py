"""The ``pikos`` command: finds the verb, imports that one file, and runs it."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import TYPE_CHECKING, Protocol, cast

from pikos import __version__
from pikos.errors import (
    AddressError,
    ExportError,
    FunctionNotFound,
    KeyFileError,
    NotComparable,
    PikosError,
    PlotError,
    ProgramNotFound,
    RecordingError,
    SessionNotFound,
    TargetUnclear,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    RecordingError,
    SessionNotFound,
    TargetUnclear,
)
"""What is the fault of the command line: status 2, as argparse's own."""


class Verb(Protocol):
    """What the file of a verb holds."""

    HELP: str
    """What the verb does, in one line."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's options to its parser."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; the answer is the exit status."""


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
    if arguments is None:
        arguments = sys.argv[1:]
    parser = argparse.ArgumentParser(
        prog="pikos", description="An exact profile of a running Python program, live."
    )
    parser.add_argument("--version", action="version", version=f"pikos {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    chosen = arguments[0] if arguments and arguments[0] in VERBS else None
    for name in VERBS if chosen is None else (chosen,):
        verb = _load(name)
        verb_parser = verbs.add_parser(name, help=verb.HELP, description=verb.HELP)
        verb.configure(verb_parser)
        verb_parser.set_defaults(verb=verb)
    options = parser.parse_args(arguments)
    try:
        return cast("Verb", options.verb).run(options)
    except PikosError as error:
        print(f"pikos {chosen}: {error}", file=sys.stderr)
        return 2 if isinstance(error, USAGE_ERRORS) else 1


def _load(name: str) -> Verb:
    return cast("Verb", importlib.import_module(f"pikos.cli.{name}"))


if __name__ == "__main__":
    sys.exit(main())
