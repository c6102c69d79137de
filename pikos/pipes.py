"""Reads pipes, and does not wait for a writer who never comes."""

from __future__ import annotations

import os
import stat

PATIENCE_S = 1.0
"""Seconds that a writer has to open a named pipe."""

_PART = 65536


def is_pipe(path: str) -> bool:
    """Whether there is a pipe at a path, named or of a process substitution of the shell."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def read_pipe(path: str) -> bytes | None:
    """Read a pipe to its end; None where nobody writes to it.

    A writer that is there may take its time.

    Raises
    ------
    OSError
        If it cannot be read.

    """
    import select  # noqa: PLC0415 - seldom needed

    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as pipe:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        was_written = bool(poll.poll(PATIENCE_S * 1000))
        try:
            begin = os.read(descriptor, _PART)
        except BlockingIOError:  # a writer is there and has written nothing yet
            begin, was_written = b"", True
        if not was_written:
            return None
        os.set_blocking(descriptor, True)
        return begin + pipe.read()
