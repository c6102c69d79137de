"""However a program under a monitor ends, its records are there, and the status is its own (R4)."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
import textwrap

import pytest
from support.deadlines import DEADLINE_S
from support.endings import ENDINGS, FAILING_EXEC, PRELUDE, without_children

MARKS = """
def mark():
    pass

for _ in range(300):
    mark()
work()
"""


@pytest.fixture
def program(write):
    """Write a program that makes 300 calls and ends in one of the ways."""

    def make(ending):
        write("script.py", PRELUDE + textwrap.dedent(ENDINGS[ending]) + MARKS)

    return make


@pytest.fixture
def pikos_run(python, runtime):
    """Run a program by ``pikos-run``."""

    def run(*arguments, **options):
        return python("-m", "pikos.runner", *arguments, **options)

    return run


def calls_in(path):
    with path.open(newline="") as file:
        return [row["function"] for row in csv.DictReader(file) if row["type"] == "call"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_records_are_in_the_file(pikos_run, python, program, tmp_path, ending):
    program(ending)

    bare = python("script.py")
    done = pikos_run("functions", "--recording", "csv", "-o", "out.csv", "script.py")

    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
    assert without_children(done.stderr) == bare.stderr
    calls = calls_in(tmp_path / "out.csv")
    assert calls.count("mark") == 300
    assert {"<module>", "work", "end"} <= set(calls)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_records_are_on_the_screen(pikos_run, python, program, ending):
    program(ending)

    bare = python("script.py")
    done = pikos_run("functions", "script.py")

    assert done.returncode == bare.returncode
    assert without_children(done.stderr) == bare.stderr
    lines = done.stdout.splitlines()
    assert set(bare.stdout.splitlines()) <= set(lines)
    starts = [line.split()[1:3] for line in lines]
    assert starts.count(["call", "mark"]) == 300
    assert ["call", "end"] in starts


@pytest.mark.parametrize("ending", ["os._exit", "exec", "SIGTERM", "an exception"])
@pytest.mark.parametrize("monitor", ["lines", "function_memory", "line_time"])
def test_so_it_is_for_other_monitors(pikos, python, program, tmp_path, monitor, ending):
    program(ending)

    bare = python("script.py")
    options = ("--monitor", monitor, "--recording", "csv", "-o", "out.csv")
    done = pikos("run", *options, "script.py")

    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
    assert without_children(done.stderr) == bare.stderr
    text = (tmp_path / "out.csv").read_text()
    assert text.count(",mark,") >= 300
    assert text.endswith("\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_from_outside(runtime, write, tmp_path, number):
    write(
        "script.py",
        """
        import time

        def mark(): pass

        for _ in range(300):
            mark()
        print("ready", flush=True)
        while True:
            time.sleep(0.01)
        """,
    )
    command = [sys.executable, "-m", "pikos.runner", "functions", "--recording", "csv"]
    with subprocess.Popen(
        [*command, "-o", "out.csv", "script.py"], cwd=tmp_path, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(DEADLINE_S) == -number

    assert calls_in(tmp_path / "out.csv").count("mark") == 300


def test_a_c_call_that_does_not_return_is_ended(pikos_run, write):
    write(
        "script.py",
        """
        import ctypes

        def work():
            text = b"exec >&- 2>&-; kill -TERM $PPID; while kill -0 $PPID; do sleep 0.1; done"
            ctypes.PyDLL(None).system(text)

        work()
        """,
    )

    done = pikos_run("functions", "--recording", "csv", "-o", "out.csv", "script.py")

    assert done.returncode == -signal.SIGTERM
    assert "records of the half second before the call may be missing" in done.stderr


def test_an_exec_that_fails_lets_the_recording_go_on(pikos_run, write, tmp_path):
    write("script.py", FAILING_EXEC)

    pikos_run("functions", "--recording", "csv", "-o", "out.csv", "script.py")

    assert {"before", "after"} <= set(calls_in(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text().count("index,") == 1
