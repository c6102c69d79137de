"""A program's terminal while a live table is there: output is kept, the keyboard the table's."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from typing import TYPE_CHECKING

from pikos.cli.streams import flush

if TYPE_CHECKING:
    from collections.abc import Callable

TAIL = 64 * 1024
"""Bytes of the newest output that the table can show."""

_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\r(?=\n)")  # colours, say, which the table has not
_INPUT = 0
_STREAMS = (1, 2)


class KeptOutput:
    """Output and errors of this process, as far as they went to a terminal.

    They go to a file that has no name, which never makes the program wait, whatever becomes of the
    table.  Input from the terminal is at its end: a key is the table's, never now the one's and now
    the other's.  What was redirected stays as it is.

    Threads: one at a time
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="pikos-")  # noqa: SIM115  # until given back
        flush()
        self._terminals = {stream: os.dup(stream) for stream in _STREAMS if os.isatty(stream)}
        for stream in self._terminals:
            os.dup2(self._file.fileno(), stream)
        self.keyboard = os.dup(_INPUT) if os.isatty(_INPUT) else None
        """Descriptor of the terminal that standard input was on; None if it was redirected."""
        if self.keyboard is not None:
            with open(os.devnull, "rb", buffering=0) as nothing:
                os.dup2(nothing.fileno(), _INPUT)

    @property
    def terminal(self) -> int:
        """Descriptor of the terminal that standard error was on."""
        return self._terminals[2]

    @property
    def descriptor(self) -> int:
        """Descriptor of the file, for the process that shows the table."""
        return self._file.fileno()

    def give_back(self, *, shown: bool) -> None:
        """Let output and errors go to the terminal again, and input come from there.

        Parameters
        ----------
        shown
            Whether the table has written there what was kept.

        """
        flush()
        for stream, terminal in self._terminals.items():
            os.dup2(terminal, stream)
            os.close(terminal)
        if self.keyboard is not None:
            os.dup2(self.keyboard, _INPUT)
            os.close(self.keyboard)
        if not shown:
            copy(self._file.fileno(), 0)
        self._file.close()


def copy(descriptor: int, begin: int) -> int:
    """Write what was kept to standard output, as it is.

    Parameters
    ----------
    descriptor
        The file.
    begin
        How many bytes of it were written before.

    Returns
    -------
    int
        How many are now.

    """
    while text := os.pread(descriptor, TAIL, begin):
        sys.stdout.buffer.write(text)
        begin += len(text)
    sys.stdout.flush()
    return begin


def tail(descriptor: int) -> tuple[str, ...]:
    """Read the newest output.

    Parameters
    ----------
    descriptor
        The file.

    Returns
    -------
    tuple of str
        Its lines, without colours: to be escaped before they are shown.

    """
    begin = max(0, os.fstat(descriptor).st_size - TAIL)
    text = os.pread(descriptor, TAIL, begin).decode("utf-8", "replace")
    lines = _SEQUENCE.sub("", text).split("\n")
    return tuple(lines[:-1] if not lines[-1] else lines)


def follow(descriptor: int, listen: Callable[[], bool]) -> None:
    """Write what was kept to standard output, and what is added, until nothing more comes.

    Parameters
    ----------
    descriptor
        The file.
    listen
        Waits a moment; whether more may come.

    """
    begin = copy(descriptor, 0)
    while listen():
        begin = copy(descriptor, begin)
    copy(descriptor, begin)
