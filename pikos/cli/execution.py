"""What every verb that runs a program does alike, before the program and after it."""

from __future__ import annotations

import os
import sys

from pikos.cli.streams import STDOUT, is_terminal, print_error
from pikos.errors import ProgramNotFound
from pikos.real_time.program import Module, Script, Text, report

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from pikos.cli.options import Option
    from pikos.real_time.program import Loaded, Program

USAGE_ERROR = 2
"""The exit status of a program that does not understand its arguments."""


def program_of(options: argparse.Namespace) -> tuple[Program, list[str]]:
    """Tell the program that a command line names, and what it is given.

    Parameters
    ----------
    options
        With ``module``, ``text`` and ``script``, each a list of words or None, and ``fail``,
        which tells of a command line that makes no sense and does not return.

    Returns
    -------
    tuple
        The program and its arguments.

    """
    if options.module is not None:
        return Module(_first(options, options.module, "-m needs the name of a module")), (
            options.module[1:]
        )
    if options.text is not None:
        return Text(_first(options, options.text, "-c needs Python code")), options.text[1:]
    words = options.script[1:] if options.script[:1] == ["--"] else options.script
    script = _first(options, words, "name a script, or -m MODULE, or -c CODE")
    return Script(script), words[1:]


def _first(options: argparse.Namespace, words: list[str], complaint: str) -> str:
    if not words:
        options.fail(complaint)
    return words[0]


def check_outfile(
    options: argparse.Namespace,
    *,
    option: str = "-o",
    is_binary: bool = False,
    inputs: Iterable[str] = (),
) -> None:
    """Refuse a path to write to while nothing is lost yet, and keep it should the program move.

    Parameters
    ----------
    options
        With ``outfile``, which is None, ``-`` or made absolute, and ``fail``.
    option
        The option that named it, for messages.
    is_binary
        Whether what is written is nothing for a terminal.
    inputs
        What is read, and so not to be written over.

    """
    if options.outfile is None:
        return
    if options.outfile != STDOUT:
        from pikos.cli.whole_file import why_not_written

        options.outfile = os.path.abspath(options.outfile)
        reason = why_not_written(options.outfile)
        if any(_is_same_file(word, options.outfile) for word in inputs):
            reason = "it is what is read; name another file"
        if reason is not None:
            options.fail(f"{option} {options.outfile}: {reason}")
    elif sys.stdout is None:
        options.fail(f"{option} -: there is no standard output; name a file")
    elif is_binary and is_terminal("stdout"):
        options.fail(f"{option} -: it is binary, not for a terminal; name a file, or redirect it")


def read_of(program: Program) -> tuple[str, ...]:
    """Give the files that running a program reads first."""
    return (program.path,) if isinstance(program, Script) else ()


def _is_same_file(word: str, path: str) -> bool:
    try:
        return os.path.isfile(word) and os.path.samefile(word, path)
    except (OSError, ValueError):
        return False


def load(program: Program, arguments: Sequence[str]) -> Loaded:
    """Prepare to run a program.

    Raises
    ------
    ProgramNotFound
        If there is no such program.
    WrongInput
        If it is something else that Pikos knows.
    SyntaxError, ValueError
        If its text is no Python.

    """
    try:
        return program.load(arguments)
    except (ProgramNotFound, SyntaxError, ValueError):
        if isinstance(program, Script):
            del sys.path[0]  # the program's place
            from pikos.cli.recognition import RUNNABLE, check

            check(program.path, RUNNABLE)
        raise


def hint_at_options(
    prog: str, arguments: Sequence[str], options: Iterable[Option], status: int
) -> None:
    """Where a program did not understand its arguments, say which are options of ours, too.

    Parameters
    ----------
    prog
        The command.
    arguments
        What the program was given.
    options
        The command's options that may stand before the program.
    status
        What the program ended with.

    """
    if status != USAGE_ERROR:
        return
    ours = {name for names, _ in options for name in names}
    found = [word for word in arguments if word.partition("=")[0] in ours]
    if found:
        print_error(
            f"{prog}: {found[0]} was given to the program, as it stands behind it; if it is for "
            f"{prog}, put it before the program"
        )


def wait_for_threads() -> None:
    """Wait for the program's threads as the interpreter would at its end."""
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        return
    try:
        threading._shutdown()  # noqa: SLF001 - the only way
    except KeyboardInterrupt as error:
        report(error)
