"""Made-up command lines end with a status that says how, and refusals in one line.

The lines are made of a seed: the same in every run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support import command_lines
from support.deadlines import DEADLINE_S
from support.recordings import record
from support.session import PROGRAM, MadeUpSession

from pikos.cli import main

SEED = 20261129
LINES = 12
"""Command lines of each verb."""
NOT_HERE = {"--live", "-h", "--help", "--version"}
"""Options whose effect is none of this test."""

VALUES = [
    *("", "x", "-1", "0", "1", "1.5", "nan", "inf", "1e999", "9" * 30, "-", "--", "/", ".", ".."),
    *("nowhere/x", "n" * 300, "\udc80", "\x1b[31m", "a\nb", "größe", "4003", "99999999", "%s{}"),
    *("tcp://127.0.0.1:1", "ipc://nowhere", "tcp://", "a=b", "function=", "changed:x", "json,"),
]
"""What may stand for the value of an option, or for what a verb is to look at."""
THINGS = [
    *("script.py", "a.pikos", "cut.pikos", "head.pikos", "a.pstats", "cut.pstats", "a.json"),
    *("a.csv", "cut.csv", "notes", "empty", "noise", "noise.pyc", "directory", "sealed", "pipe"),
    "socket",
]
"""What there is, and may be named."""
NAMED = [name for name in THINGS if name != "pipe"]
"""What may be the value of an option: to write to a pipe waits for who reads it."""
PLAIN = {"run": ["script.py"], "pikos-run": ["functions", "script.py"], "keygen": ["keys"]}
"""The operands of a command line that is right but for its options."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a thing of each kind."""
    directory = tmp_path_factory.mktemp("made_up")
    (directory / "script.py").write_text("def work(): return sum(range(9))\nwork()\n")
    session = MadeUpSession()
    whole = record(directory / "a.pikos", [*session.keyframe(**PROGRAM), session.bye("the end")])
    (directory / "cut.pikos").write_bytes(Path(whole).read_bytes()[:-30])
    (directory / "head.pikos").write_bytes(Path(whole).read_bytes()[:11])
    for form, name in (("pstats", "a.pstats"), ("json", "a.json")):
        assert main.main(["export", str(whole), "-f", form, "-o", str(directory / name)]) == 0
    (directory / "cut.pstats").write_bytes((directory / "a.pstats").read_bytes()[:-9])
    (directory / "a.csv").write_text("index,function,RSS\r\n0,f,1\r\n1,f,2\r\n")
    (directory / "cut.csv").write_text('index,function,RSS\r\n0,"f')
    (directory / "notes").write_text("some = 'text'\n")
    (directory / "empty").touch()
    (directory / "noise").write_bytes(random.Random(SEED).randbytes(9_999))
    (directory / "noise.pyc").write_bytes(b"\x01\x02\r\n" + random.Random(SEED).randbytes(99))
    (directory / "directory").mkdir()
    (directory / "sealed").touch(0o000)
    os.mkfifo(directory / "pipe")
    there = os.getcwd()
    os.chdir(directory)  # a socket's path has little room
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    os.chdir(there)
    assert set(os.listdir(directory)) == set(THINGS)
    return directory


def options_of(verb):
    """The options of a verb, and whether they take a value."""
    parser = argparse.ArgumentParser()
    if verb == "pikos-run":
        from pikos.cli import monitor_options, options

        options.add_options(monitor_options.OPTIONS, parser.add_argument)
        parser.add_argument("-o")
    else:
        importlib.import_module(f"pikos.cli.{verb}").configure(parser)
    return [
        (name, action.nargs != 0)
        for action in parser._actions
        for name in action.option_strings
        if name not in NOT_HERE and name not in {"-m", "-c"}
    ]


def made_up(verb):
    """The command lines of a verb."""
    dice = random.Random(f"{SEED} {verb}")
    options = options_of(verb)
    for _ in range(LINES):
        words = []
        for _ in range(dice.choice((0, 1, 1, 2))):
            name, takes_value = dice.choice(options) if options else ("--none", False)
            words += [name, dice.choice([*VALUES, *NAMED])] if takes_value else [name]
        plain = PLAIN.get(verb)
        if plain and words and dice.random() < 0.7:
            operands = plain
        else:
            operands = [
                dice.choice([*THINGS, *THINGS, *VALUES]) for _ in range(dice.choice((0, 1, 1, 2)))
            ]
        command = [verb] if verb == "pikos-run" else ["pikos", verb]
        yield [*command, *words, *operands]


@pytest.fixture(scope="module")
def outcomes(place):
    """What becomes of a command line, run in a child of a process that has imported all."""
    variables = {name: text for name, text in os.environ.items() if "DISPLAY" not in name}
    with subprocess.Popen(
        [sys.executable, command_lines.__file__, str(DEADLINE_S)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=place,
        env=variables | {"XDG_RUNTIME_DIR": str(place), "MPLBACKEND": "agg", "BROWSER": ""},
        text=True,
    ) as server:

        def run(words):
            server.stdin.write(json.dumps(words) + "\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        yield run


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfds to wait for a child")
@pytest.mark.parametrize("verb", [*main.VERBS, "pikos-run"])
def test_a_made_up_command_line_ends_with_a_status_and_one_line_at_most(outcomes, verb):
    """No traceback, nothing that is waited for for ever, and one line for what is refused."""
    for words in made_up(verb):
        status, output, errors = outcomes(words)

        assert status in {0, 1, 2}, (words, status, output, errors)
        assert "Traceback" not in errors, (words, errors)
        if status == 2:
            assert errors.count("\n") == 1, (words, errors)
            assert errors.startswith(("pikos", "pikos-run")), (words, errors)
        if status == 1:
            assert errors.strip(), words
