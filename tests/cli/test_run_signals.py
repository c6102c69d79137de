"""Signals that the program handles may come while its profile is saved."""

from __future__ import annotations

import pstats
import subprocess
import sys

import pytest
from support.deadlines import DEADLINE_S

PROGRAM = """
import os, signal, sys
from pikos.cli import delivery

class Alarm(Exception):
    pass

def handle(number, frame):
    print("handled", file=sys.stderr, flush=True)
    raise Alarm

def strikes(*arguments, **keywords):
    signal.raise_signal(signal.SIGALRM)
    return save(*arguments, **keywords)

def work():
    return len("x")

save, delivery.save = delivery.save, strikes
signal.signal(signal.SIGALRM, handle)
work()
"""
ENDS = {
    "its last line": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "os._exit": ("os._exit(4)", 4),
    "an exception": ("raise KeyError('unhandled')", 1),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_handler_that_raises_while_the_profile_is_saved_loses_nothing(tmp_path, end):
    """P22: the program's status is its own, and what its handler raises is shown."""
    code, status = ENDS[end]
    script, outfile = tmp_path / "program.py", tmp_path / "out.pstats"
    script.write_text(PROGRAM + code)
    ended = subprocess.run(
        [sys.executable, "-m", "pikos", "run", "-o", outfile, script],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )

    assert "work" in {name for _, _, name in pstats.Stats(str(outfile)).stats}
    assert ended.returncode == status
    assert ended.stderr.count("handled\n") == 1
    assert "Alarm" in ended.stderr
    assert "pikos" not in ended.stderr
    assert ("unhandled" in ended.stderr) == ("unhandled" in code)
