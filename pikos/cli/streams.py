"""Writes to the standard streams, which may be closed, full, gone, or unable to encode a text."""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO, TextIO

BROKEN_PIPE = 128 + 13
"""Exit status of a command whose output nobody reads any more: what a shell says of SIGPIPE."""

STDOUT = "-"
"""What stands for standard output where a file is to be named."""

_DESCRIPTORS = (0, 1, 2)
_LINE_PRINTERS = frozenset({"", "dumb", "unknown"})


def hold_standard_descriptors() -> None:
    """Open the null device in the place of each standard stream that is closed.

    Otherwise the next file, a ledger or a socket, would have the stream's number, and what a
    program writes to the stream would go into it.
    """
    for descriptor in _DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one


class _Kept:
    """Standard output as it was before the program's output was sent to standard error."""

    def __init__(self) -> None:
        self.descriptor = os.dup(1)
        self._facts = os.fstat(self.descriptor)

    def is_open(self) -> bool:
        """Whether the program has not closed it, so that another file may have its number."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), self._facts)
        except OSError:
            return False


_kept: list[_Kept] = []  # one at most


def keep_stdout() -> None:
    """Have standard output for Pikos alone: what a program prints goes to standard error."""
    flush()
    _kept[:] = [_Kept()]
    os.dup2(2, 1)


def open_stdout() -> BinaryIO:
    """Give a file of bytes that goes to standard output, which its ``close`` leaves open.

    Raises
    ------
    OSError
        If there is none, or the program has closed it.

    """
    return open(_stdout(), "wb", closefd=False)


def open_stdout_text() -> TextIO:
    """Give a file of text in UTF-8 that goes to standard output, line ends as they are written.

    Raises
    ------
    OSError
        As for ``open_stdout``.

    """
    return open(
        _stdout(), "w", encoding="utf-8", errors="backslashreplace", newline="", closefd=False
    )


def _stdout() -> int:
    """The descriptor of standard output, all that Python keeps for it written."""
    for kept in _kept:
        if not kept.is_open():
            raise OSError(errno.EBADF, "the program has closed it")
        return kept.descriptor
    if sys.stdout is None or sys.stdout.closed:
        raise OSError(errno.EBADF, "it is closed")
    sys.stdout.flush()
    return sys.stdout.fileno()


def accept_all_characters() -> None:
    """Write as an escape what standard output's encoding has not."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def is_terminal(name: str) -> bool:
    """Whether the standard stream of a name, ``stdout``, say, is a terminal."""
    try:
        return bool(getattr(sys, name).isatty())
    except (AttributeError, ValueError):  # none, or closed
        return False


def is_screen(*names: str) -> bool:
    """Whether standard streams are a terminal that is more than a line printer.

    ``TERM`` is ``dumb``, or not set, where it knows no escape sequences.
    """
    can_draw = sys.platform == "win32" or os.environ.get("TERM", "") not in _LINE_PRINTERS
    return can_draw and all(map(is_terminal, names))


def print_error(text: str) -> None:
    """Print a line on standard error; nothing where that is not possible.

    Names of a program, or of a command line, can have anything in them: what is no printable
    character is written as an escape.
    """
    stream: TextIO | None = getattr(sys, "stderr", None)
    if stream is None:
        return
    if not text.isprintable():
        from pikos.live.text import safe  # else a program would find it imported

        text = safe(text)
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except (OSError, ValueError):  # full, gone or closed
        _send_to_null(stream)


def flush() -> None:
    """Write what Python keeps for standard output and error."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (AttributeError, OSError, ValueError):  # deleted or none, broken, closed
            pass


def finish(call: Callable[[], int]) -> int:
    """Do what a command does, and see to it that its output is written.

    Parameters
    ----------
    call
        Does it; the answer is the exit status.

    Returns
    -------
    int
        The exit status; ``BROKEN_PIPE`` where nobody reads the output any more.

    Raises
    ------
    OSError
        If the output cannot be written.

    """
    try:
        status = call()
        _flush_stdout()
    except BrokenPipeError:
        return BROKEN_PIPE
    finally:
        let_go_of_stdout()
    return status


def let_go_of_stdout() -> None:
    """Have the end of the interpreter not complain of output that cannot be written."""
    try:
        _flush_stdout()
    except OSError:
        _send_to_null(sys.stdout)


def reason_of(error: OSError) -> str:
    """Return in one line what the system refused."""
    try:
        os.getcwd()
    except OSError:
        return "the working directory has been removed: change to another one"
    what = f"{error.filename}: " if isinstance(error.filename, str) else ""
    return what + (error.strerror or str(error))


def _flush_stdout() -> None:
    if sys.stdout is None or sys.stdout.closed:
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from None


def _send_to_null(stream: TextIO) -> None:
    """Send what a stream keeps to the null device."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)
