"""``pikos ps``: the sessions that are live."""

from __future__ import annotations

import json
from pathlib import Path

from support import hostile
from support.programs import start

from pikos.cli.ps import listing
from pikos.live.sessions import Session

__all__ = ["start"]


def test_no_session_is_no_error(pikos):
    done = pikos("ps")

    assert done.returncode == 0
    assert done.stdout == "No live session.  Start one with: pikos run SCRIPT\n"
    assert pikos("ps", "--json").stdout == "[]\n"


def test_a_live_session_is_listed(pikos, start):
    program = start("with RealTimeProfiler():\n    input()")
    session = program.session()

    table = pikos("ps").stdout.splitlines()
    (told,) = json.loads(pikos("ps", "--json").stdout)

    assert table[0].split() == ["PID", "SINCE", "WHAT", "ADDRESS", "COMMAND"]
    assert table[1].split()[0] == str(session.pid)
    assert session.address in table[1]
    assert told["pid"] == session.pid
    assert told["address"] == session.address


def test_a_module_and_a_text_are_listed_by_name(pikos, runtime, write):
    """R12."""
    write("names.py", "import subprocess, sys\nsubprocess.run([sys.executable, *sys.argv[1:]])")
    listed = ("-m", "pikos", "ps")

    of_module = pikos("run", "-m", "names", *listed).stdout
    of_text = pikos("run", "-c", "import names", *listed).stdout

    assert of_module.rstrip().endswith("  names -m pikos ps")
    assert of_text.rstrip().endswith('  -c "import names" -m pikos ps')


def test_a_hostile_command_line_is_listed_as_escapes():
    sessions = [
        Session(1, "ipc:///x", (name, hostile.SURROGATES), 0, Path("/x"))
        for name in hostile.NAMES.values()
    ]

    lines = listing(sessions, 90.0)

    assert len(lines) == 1 + len(sessions)
    assert all(map(hostile.is_harmless, lines))
    assert lines[1].split()[1] == "0:01:30"
