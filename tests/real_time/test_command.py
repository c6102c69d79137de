"""``python -m pikos.real_time`` does as ``python -m cProfile`` of the same interpreter."""

from __future__ import annotations

import pstats
import re
import subprocess
import sys

import pytest

SCRIPT = """
    import os, sys

    def fibonacci(index):
        return index if index < 2 else fibonacci(index - 1) + fibonacci(index - 2)

    print(fibonacci(10), sys.argv[1:], __name__)
    if "leave" in sys.argv:
        sys.exit(3)
    if "fail" in sys.argv:
        raise KeyError("x")
    if "move" in sys.argv:
        os.chdir("/")
"""
ALIKE = [
    [],
    ["-h"],
    ["-z"],
    ["-o"],
    ["-s", "beauty", "script.py"],
    ["script.py"],
    ["script.py", "word", "-o", "not ours"],
    ["script.py", "leave"],
    ["script.py", "fail"],
    ["-s", "ncalls", "script.py"],
    ["--sort=tottime", "script.py"],
    ["-m", "script", "word"],
    ["-m", "script", "fail"],
    ["-o", "out", "script.py", "move"],
    ["--outfile", "out", "-m", "script"],
]


@pytest.fixture
def outcome(python, tmp_path):
    """What a profiling module does with a command line: status, output, last line of errors."""

    def of(module, arguments):
        done = python("-m", module, *arguments)
        output = done.stdout.partition(" function calls")[0].splitlines()
        order = re.findall("Ordered by: .*", done.stdout)
        saved = tmp_path / "out"
        counts = fibonacci_counts(saved) if saved.exists() else None
        saved.unlink(missing_ok=True)
        error = done.stderr.splitlines()[-1:]
        return done.returncode, output[:1], order, counts, [line.split(": ")[1:] for line in error]

    return of


def fibonacci_counts(path):
    stats = pstats.Stats(str(path)).stats
    (counts,) = (counts for (_, _, name), counts in stats.items() if name == "fibonacci")
    return counts[:2]


@pytest.mark.parametrize("arguments", ALIKE, ids=" ".join)
def test_a_command_line_has_the_outcome_that_it_has_with_cprofile(outcome, write, arguments):
    write("script.py", SCRIPT)

    ours = outcome("pikos.real_time", arguments)
    theirs = outcome("cProfile", arguments)

    if arguments in ([], ["-h"]):
        ours[1].clear()
        theirs[1].clear()
    assert ours == theirs


def test_the_script_is_the_main_module(python, write):
    write("script.py", "import pickle\nclass A: pass\nprint(pickle.loads(pickle.dumps(A)) is A)")

    done = python("-m", "pikos.real_time", "script.py")

    assert done.stdout.startswith("True\n")


def test_an_error_of_the_program_is_shown_without_our_frames(python, write):
    script = write("script.py", "1 / 0")

    done = python("-m", "pikos.real_time", "script.py")

    assert re.findall('File "(.*)", line', done.stderr) == [str(script)]


@pytest.mark.parametrize("arguments", [["missing.py"], ["-m", "missing"]], ids=" ".join)
def test_a_program_that_is_not_there_is_told_in_one_line(python, arguments):
    done = python("-m", "pikos.real_time", *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert "missing" in done.stderr


def test_a_reader_that_goes_away_ends_it_quietly(write, tmp_path):
    write("script.py", "print('x' * 1_000_000)")
    command = [sys.executable, "-m", "pikos.real_time", "script.py"]

    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        errors = process.stderr.read()

    assert process.returncode == 32
    assert errors == b""
