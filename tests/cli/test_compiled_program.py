"""P15: a compiled file as a program, as python runs it."""

from __future__ import annotations

import os
import py_compile

import pytest

PROGRAM = """
import sys

def work():
    return sum(range(9))

work()
print(__name__, __file__, __spec__, __cached__ if "__cached__" in globals() else "", sys.argv)
print(type(__loader__).__name__, sys.path[0], sorted(globals()))
"""
COMMANDS = {
    "pikos run": ("-m", "pikos", "run", "-o", "out"),
    "pikos-run": ("-m", "pikos.runner", "functions", "--recording", "csv", "-o", "out"),
}


@pytest.fixture
def compiled(write, tmp_path):
    """Compile a program under a name; the name."""

    def make(name):
        source = write("program.py", PROGRAM)
        return os.path.basename(py_compile.compile(str(source), str(tmp_path / name)))

    return make


@pytest.mark.parametrize("name", ["program.pyc", "program.bin"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_compiled_file_runs_as_with_python(python, compiled, tmp_path, command, name):
    """P15: whatever its name is."""
    program = compiled(name)
    bare = python(program, "a", "-b")

    done = python(*COMMANDS[command], program, "a", "-b")

    assert (done.returncode, done.stdout, done.stderr) == (0, bare.stdout, "")
    assert b"work" in (tmp_path / "out").read_bytes()


def damaged(content, how):
    match how:
        case "another version":
            return bytes([content[0] ^ 1]) + content[1:]
        case "cut in its head":
            return content[:9]
        case "cut in its code":
            return content[:40]
        case "no code":
            return content[:16] + b"N"
    return b""


@pytest.mark.parametrize(
    "how", ["another version", "cut in its head", "cut in its code", "no code", "empty"]
)
@pytest.mark.parametrize("command", COMMANDS)
def test_one_that_cannot_be_run_is_refused_in_one_line(python, compiled, tmp_path, command, how):
    """P15."""
    path = tmp_path / compiled("program.pyc")
    path.write_bytes(damaged(path.read_bytes(), how))

    done = python(*COMMANDS[command], "program.pyc")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "compiled by another version of Python, or is damaged: run its source" in done.stderr
