"""Profiled programs of a test, each a process of its own."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import textwrap

import pytest
from support.deadlines import DEADLINE_S
from support.waiting import wait_until

from pikos.live import sessions

PRELUDE = """
import os, signal, sys, threading
from pikos.api import RealTimeProfiler

def leaf(): pass
def work(n):
    for _ in range(n): leaf()
"""


class Program:
    """A running program, watched until it ends."""

    def __init__(self, text, *arguments, options=(), **keywords):
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-X",
                "faulthandler",
                *options,
                "-c",
                PRELUDE + textwrap.dedent(text),
                *arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **keywords,
        )

    @property
    def pid(self):
        return self.process.pid

    def session(self):
        """Its session, as soon as there is one."""

        def mine():
            found = [each for each in sessions.list_sessions() if each.pid == self.pid]
            assert found or self.process.poll() is None, self.process.communicate()
            return found

        return wait_until(mine, "the program's session")[0]

    def line(self):
        """What it prints next."""
        if not select.select([self.process.stdout], [], [], DEADLINE_S)[0]:
            self._fail("prints nothing")
        return self.process.stdout.readline().strip()

    def go_on(self):
        """Let it past its ``input()``."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        """Wait for its end; exit status, output and errors."""
        try:
            output, errors = self.process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._fail("does not end")
        return self.process.returncode, output, errors

    def _fail(self, how):
        self.process.send_signal(signal.SIGABRT)  # faulthandler tells where it is
        _, errors = self.process.communicate()
        pytest.fail(f"not in {DEADLINE_S} s: the program {how}: {errors}")

    def stop(self):
        """Be rid of it, whatever it does."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(runtime):
    """Start programs; those that are left at the end are killed."""
    programs = []

    def start(text, *arguments, **keywords):
        programs.append(Program(text, *arguments, **keywords))
        return programs[-1]

    yield start
    for program in programs:
        program.stop()
