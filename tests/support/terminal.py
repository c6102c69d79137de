"""A program on a terminal of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time

import pytest
from support.deadlines import DEADLINE_S


def _environment():
    """This process's, but for the size of its terminal."""
    return {name: text for name, text in os.environ.items() if name not in {"COLUMNS", "LINES"}}


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *arguments, lines=30, columns=100, cwd=None, **environment):
        self.primary, replica = pty.openpty()
        fcntl.ioctl(replica, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pikos", *arguments],
            stdin=replica,
            stdout=replica,
            stderr=replica,
            env={**_environment(), "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True,
            cwd=cwd,
        )
        os.close(replica)
        self.seen = b""

    def press(self, keys):
        os.write(self.primary, keys)

    def read(self):
        """Read what was written, if anything."""
        if not select.select([self.primary], [], [], 0.05)[0]:
            return b""
        try:
            told = os.read(self.primary, 65536)
        except OSError:  # the other side is closed
            return b""
        self.seen += told
        return told

    def until(self, text):
        """Read until the text is seen; gives what was read meanwhile."""
        told = b""
        deadline = time.monotonic() + DEADLINE_S
        while text not in told:
            assert time.monotonic() < deadline, (text, told)
            told += self.read()
        return told

    def end(self):
        """Read to the end; the exit status."""
        deadline = time.monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline
            self.read()
        while self.read():
            pass
        return self.process.returncode


@pytest.fixture
def terminal():
    """Start ``pikos`` on a terminal."""
    started = []

    def start(*arguments, **options):
        started.append(Terminal(*arguments, **options))
        return started[-1]

    yield start
    for one in started:
        with contextlib.suppress(ProcessLookupError):
            one.process.kill()
        one.process.wait()
        os.close(one.primary)
