"""The Python processes that a program starts are not profiled, and that is told."""

from __future__ import annotations

import os
import pstats
import sys

import pytest

from pikos.real_time.children import _python_program

STARTING = """
    import os, subprocess, sys

    def nothing(): pass

    def forked(child):
        pid = os.fork()
        if not pid:
            try:
                child()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        return pid

    def run(*words, **options):
        with subprocess.Popen(words, **options) as process:
            return process.pid

    def spawned(*words):
        pid = os.posix_spawn(words[0], words, os.environ)
        os.waitpid(pid, 0)
        return pid

    python = sys.executable
    run("true")
    run("true", preexec_fn=nothing)
    spawned("/bin/sh", "-c", "exit 0")
    forked(lambda: os.execv("/bin/sh", ["sh", "-c", "exit 0"]))
    for pid, name in (
        (forked(nothing), "forked"),
        (forked(lambda: os.execv(python, ["python", "-c", "pass"])), "forked"),
        (run(python, "-W", "error", "other.py", "word"), "other.py"),
        (run(python, "-c", "pass", preexec_fn=nothing), "-c"),
        (spawned(python, "-m", "other"), "-m other"),
        (run("sh", "-c", f"{python} other.py"), "other.py"),
    ):
        print(f"{pid} ({name})")
"""
WORKING = """
    import multiprocessing, sys

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        processes = [context.Process(target=print) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
"""
COMMANDS = [(("run", "-o", "out"), "profiled"), (("run", "--monitor", "functions"), "recorded")]


@pytest.mark.parametrize(("command", "missed"), COMMANDS)
def test_python_processes_that_were_started_are_told_at_the_end(pikos, write, command, missed):
    """R3: each way to start them; others are not told."""
    write("other.py", "")
    write("script.py", STARTING)

    done = pikos(*command, "script.py")

    told = done.stdout.splitlines()[-6:] if missed == "profiled" else None
    line = done.stderr.removeprefix(f"pikos run: 6 child processes were not {missed}: ")
    assert done.returncode == 0
    assert line.count("\n") == 1
    assert line.count("(") == 6
    assert told is None or sorted(line.strip().split(", ")) == sorted(told)


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("fork", ["forked", "forked"]),
        ("spawn", ["multiprocessing", "multiprocessing"]),
        ("forkserver", ["fork server of multiprocessing, and its workers"]),
    ],
)
def test_processes_of_multiprocessing_are_told(pikos, write, method, names):
    """R3: not the one that tracks its resources."""
    write("script.py", WORKING)

    done = pikos("run", "-o", "out", "script.py", method)

    assert f"{len(names)} child process" in done.stderr
    assert [part.split(")")[0] for part in done.stderr.split("(")[1:]] == names


def test_many_children_are_counted_and_some_are_named(pikos):
    """R3: also where the program ends without Python's end."""
    code = (
        "import os\nfor _ in range(600):\n    pid = os.fork()\n    if not pid: os._exit(0)\n"
        "    os.waitpid(pid, 0)\nos._exit(3)"
    )

    done = pikos("run", "-o", "out", "-c", code)

    assert done.returncode == 3
    told = done.stderr.splitlines()[-1]  # others are of the interpreter, about threads
    assert told.startswith("pikos run: 600 child processes were not profiled: ")
    assert told.endswith(" (forked), and 594 more")


def test_nothing_of_it_is_counted(pikos, python, write, tmp_path):
    """R3: a program that starts processes makes the same calls as under cProfile."""
    write(
        "script.py",
        """
        import os, subprocess, sys

        subprocess.call(["true"])
        subprocess.call([sys.executable, "-c", ""])
        if not (pid := os.fork()):
            os._exit(0)
        os.waitpid(pid, 0)
        """,
    )

    pikos("run", "-o", "ours", "script.py")
    python("-m", "cProfile", "-o", "theirs", "script.py")
    ours, theirs = (
        {name: row[1] for name, row in pstats.Stats(str(tmp_path / file)).stats.items()}
        for file in ("ours", "theirs")
    )
    of_starting = {
        name: calls
        for name, calls in theirs.items()
        if name[0].endswith("subprocess.py") or any(word in name[2] for word in ("fork", "waitpid"))
    }

    assert len(of_starting) > 10
    assert {name: ours.get(name) for name in of_starting} == of_starting


def test_a_program_that_has_broken_python_goes_on(pikos):
    """R3: an error of ours is never the program's."""
    code = (
        "import builtins, subprocess, sys\nkept = builtins.callable\ndel builtins.callable\n"
        "print(subprocess.call([sys.executable, '-c', '']))\nbuiltins.callable = kept\n"
    )

    done = pikos("run", "-o", "out", "-c", code)

    assert (done.returncode, done.stdout) == (0, "0\n")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([sys.executable, "script.py", "word"], "script.py"),
        ([sys.executable, "-u", "-X", "dev", "/some/where/script.py"], "script.py"),
        ([sys.executable, "-m", "package.module", "-x"], "-m package.module"),
        ([sys.executable, "-mpackage"], "-m package"),
        ([sys.executable, "-c", "code"], "-c"),
        ([sys.executable, "-"], "python"),
        ([sys.executable, "\x1b[1m" + "x" * 60], "?[1m" + "x" * 35 + "…"),
        (["/bin/sh", "-c", f"{sys.executable} -m package"], "-m package"),
        (["/bin/sh", "-c", ""], ""),
        (["/bin/sh", "script"], ""),
        ([sys.executable, "-m", "pikos", "run", "script.py"], ""),
        ([sys.executable, "/bin/pikos-run", "functions", "script.py"], ""),
        (["/nowhere/python"], ""),
        ([sys.executable, None], ""),
    ],
)
def test_a_python_program_is_known_by_its_command_line(words, name):
    """R3: what Pikos itself profiles does not count."""
    assert _python_program([words[0]], words) == name


def test_a_script_is_known_by_its_first_line(tmp_path):
    """R3: console scripts, by any path that is tried."""
    for interpreter in ("worker", "perl"):
        (tmp_path / interpreter).write_text(
            f"#!/usr/bin/env {interpreter}\n".replace("worker", "python3")
        )
    paths = [os.fsencode(tmp_path / name) for name in ("absent", "worker", "perl")]

    assert _python_program(paths, ["w"]) == "worker"
    assert _python_program(paths[::2], ["w"]) == ""
