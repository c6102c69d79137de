"""``pikos run``: the program does as under ``python``, and its profile is delivered."""

from __future__ import annotations

import os
import pstats
import re
import signal
import subprocess
import sys

import pytest
from support.deadlines import DEADLINE_S
from support.endings import without_children
from support.publisher import until

from pikos import live
from pikos.cli import main
from pikos.live.sessions import list_sessions

FACTS = """
    import sys
    for name, value in sorted(dict(globals()).items()):
        if name not in {"__builtins__", "re", "name", "value"}:
            print(name, re.sub(" at 0x[0-9a-f]+", "", repr(value)))
    print(type(__builtins__), sys.argv, sys.path[:2], sys.modules["__main__"].sys is sys)
"""
SHADOWED = (
    "contextlib",
    "copy",
    "dataclasses",
    "json",
    "pstats",
    "queue",
    "random",
    "selectors",
    "signal",
    "socket",
    "struct",
    "subprocess",
    "tempfile",
    "threading",
    "typing",
    "weakref",
    "zmq",
)
ERRORS = {
    "an error": "raise ValueError('x')",
    "an error in a function": "def fail():\n    1 / 0\nfail()",
    "a caused error": "try:\n    1 / 0\nexcept Exception as e:\n    raise OSError from e",
    "a syntax error": "def (",
    "a missing import": "import no_such_module",
    "an interrupt": "raise KeyboardInterrupt",
    "an end": "raise SystemExit",
    "an end with a number": "import sys; sys.exit(3)",
    "an end with a negative number": "import sys; sys.exit(-2)",
    "an end with a word": "import sys; sys.exit('that is all')",
    "an end with something else": "import sys; sys.exit([1, 2])",
    "an end without cleaning up": "import os; os._exit(9)",
    "a hook for errors": "import sys\nsys.excepthook = lambda *all: print(all[1])\n1 / 0",
    "nothing": "",
}
PICKLED = """
    import multiprocessing, pickle, sys

    class Thing:
        def __init__(self, size):
            self.size = size

    def grown(thing):
        return Thing(thing.size + 1)

    if __name__ == "__main__":
        print(pickle.loads(pickle.dumps(Thing(1))).size)
        with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
            print([thing.size for thing in pool.map(grown, [Thing(1), Thing(2)])])
"""
THREADED = """
    import atexit, threading

    def work():
        event.wait()
        late()

    def late():
        print("late")

    event = threading.Event()
    threading.Thread(target=work).start()
    atexit.register(print, "end")
    event.set()
"""
FORKED = """
    import os, sys

    child = os.fork()
    if child == 0:
        sys.exit(5)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
WAITING = """
    import sys

    def waiting_for_a_line():
        print("ready", flush=True)
        sys.stdin.readline()

    waiting_for_a_line()
"""


def outcome(done):
    return done.returncode, done.stdout, done.stderr


def functions(path):
    return {name for _, _, name in pstats.Stats(str(path)).stats}


@pytest.mark.parametrize(
    "arguments",
    [
        ["script.py", "a", "-o", "b"],
        ["package/inner.py"],
        ["package"],
        ["-m", "script", "-s", "x"],
        ["-m", "package"],
        ["-m", "package.inner", "--live"],
        ["-c", "import re\n" + re.sub("^    ", "", FACTS, flags=re.MULTILINE), "-x"],
    ],
    ids=" ".join,
)
def test_a_program_finds_everything_as_under_python(pikos, python, write, arguments):
    for name in ("script.py", "package/__main__.py", "package/inner.py"):
        write(name, "    import re" + FACTS)
    write("package/__init__.py", "")

    assert outcome(pikos("run", *arguments)) == outcome(python(*arguments))


@pytest.mark.parametrize("text", ERRORS.values(), ids=ERRORS)
def test_a_program_ends_as_under_python(pikos, python, tmp_path, text):
    (tmp_path / "script.py").write_text(text)

    assert outcome(pikos("run", "script.py")) == outcome(python("script.py"))


@pytest.mark.parametrize(
    "options",
    [
        ["-o", "out.pstats"],
        ["-s", "time"],
        ["--record", "out.pikos"],
        ["--live"],
        ["--address", "ipc://s"],
        ["--keys", "keys"],
        ["--wait-for-viewer", "0.1"],
    ],
    ids=" ".join,
)
def test_no_module_beside_the_program_is_taken_for_one_of_the_library(pikos, write, options):
    script = write("program/main.py", "print('mine')")
    for name in SHADOWED:
        write(f"program/{name}.py", f"raise SystemExit('imported {name} of the program')")
    pikos("keygen", "keys")

    done = pikos("run", *options, script)

    assert (done.returncode, done.stdout) == (0, "mine\n"), done.stderr


def test_an_error_while_a_package_is_imported_is_shown_without_our_frames(pikos, write):
    write("package/__init__.py", "raise RuntimeError('no')")

    done = pikos("run", "-m", "package.module")

    assert done.returncode == 1
    assert re.findall('File "(.*)", line', done.stderr) == [str(write("package/__init__.py", ""))]


def test_a_compressed_program_runs(pikos, python, write):
    write("app/__main__.py", "import sys; print(__file__, sys.argv, sys.path[0])")
    assert python("-m", "zipapp", "app").returncode == 0

    assert outcome(pikos("run", "app.pyz", "x")) == outcome(python("app.pyz", "x"))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_classes_of_the_program_travel_between_processes(pikos, write, method):
    write("script.py", PICKLED)

    done = pikos("run", "script.py", method)

    assert (done.returncode, done.stdout) == (0, "1\n[2, 3]\n")
    assert without_children(done.stderr) == ""


def test_threads_that_outlive_the_script_are_profiled_to_their_end(pikos, write, tmp_path):
    write("script.py", THREADED)

    done = pikos("run", "-o", "out.pstats", "script.py")

    assert outcome(done) == (0, "late\nend\n", "")
    assert {"work", "late"} <= functions(tmp_path / "out.pstats")


def test_a_child_that_the_program_forks_delivers_nothing(pikos, write):
    write("script.py", FORKED)

    done = pikos("run", "-s", "calls", "script.py")

    assert (done.returncode, done.stdout) == (0, "5\n")
    assert done.stderr.count("Ordered by") == 1


def test_the_profile_is_printed_on_stderr(pikos, write):
    write("script.py", "print(len('abc'))")

    done = pikos("run", "-s", "ncalls", "script.py")

    assert done.stdout == "3\n"
    assert "Ordered by: call count" in done.stderr
    assert "{built-in method builtins.len}" in done.stderr


def test_built_in_functions_are_left_out_on_request(pikos, write, tmp_path):
    write("script.py", "def work(): return len('abc')\nwork()")

    pikos("run", "--no-builtins", "-o", "out.pstats", "script.py")

    names = functions(tmp_path / "out.pstats")
    assert {"<module>", "work"} <= names
    assert not [name for name in names if "built-in" in name]


def test_processor_time_leaves_sleep_out(pikos, write, tmp_path):
    write("script.py", "import time; time.sleep(0.5)")

    pikos("run", "--clock", "cpu", "-o", "out.pstats", "script.py")

    assert pstats.Stats(str(tmp_path / "out.pstats")).total_tt < 0.4


def test_the_profile_is_saved_also_when_the_program_fails_elsewhere(pikos, write, tmp_path):
    write("script.py", "import os, sys\ndef work(): sys.exit(4)\nos.chdir('/')\nwork()")

    done = pikos("run", "-o", "out.pstats", "script.py")

    assert done.returncode == 4
    assert "work" in functions(tmp_path / "out.pstats")


def test_a_profile_replaces_another_one_and_leaves_nothing_beside_it(pikos, write, tmp_path):
    write("script.py", "")
    write("out.pstats", "old")

    pikos("run", "-o", "out.pstats", "script.py")

    assert "<module>" in functions(tmp_path / "out.pstats")
    assert sorted(os.listdir(tmp_path)) == ["out.pstats", "script.py"]


def test_two_dashes_may_end_the_options(pikos, python, write):
    write("-o", "import sys; print(sys.argv)")

    for words in (["--", "-o", "--", "-m"], ["-o", "out.pstats", "--", "-o", "x"]):
        done = pikos("run", *words)
        program = words[words.index("--") + 1 :]
        assert outcome(done) == outcome(python("--", *program)), words


def test_a_link_is_replaced_and_what_it_leads_to_is_spared(pikos, write, tmp_path):
    victim = write("victim", "precious")
    (tmp_path / "out.pstats").symlink_to(victim)

    pikos("run", "-o", "out.pstats", "-c", "")

    assert victim.read_text() == "precious"
    assert not (tmp_path / "out.pstats").is_symlink()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_profile_that_cannot_be_written_is_told_and_changes_the_status(pikos):
    done = pikos("run", "-o", "/dev/full", "-c", "print('worked')")

    assert outcome(done) == (
        1,
        "worked\n",
        "pikos run: the profile is lost: /dev/full: No space left on device\n",
    )
    assert os.path.exists("/dev/full")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["script", "-m MODULE"]),
        (["-m"], ["-m", "module"]),
        (["-c"], ["-c", "code"]),
        (["-s", "beauty", "x.py"], ["-s", "beauty", "cumtime"]),
        (["--interval", "0", "x.py"], ["--interval", "0"]),
        (["--interval", "1e-6", "-c", ""], ["interval", "1e-06", "0.001"]),
        (["--interval", "often", "x.py"], ["--interval", "often"]),
        (["--wait-for-viewer", "-1", "x.py"], ["--wait-for-viewer"]),
        (["--clock", "sun", "x.py"], ["--clock", "sun", "wall"]),
        (["--address", "tcp://0.0.0.0:1", "-c", ""], ["tcp://0.0.0.0:1", "keygen"]),
        (["--address", "mail", "-c", ""], ["mail", "ipc://"]),
        (["--keys", "nowhere", "-c", ""], ["nowhere", "keygen"]),
        (["-o", "nowhere/file", "-c", ""], ["-o", "nowhere", "make it"]),
        (["-o", ".", "-c", ""], ["-o", "directory"]),
        (["-o", "same", "--record", "./same", "-c", ""], ["--record", "same", "-o"]),
        (["--"], ["script", "-m MODULE"]),
        (["missing.py"], ["missing.py", "No such file"]),
        (["empty"], ["empty", "__main__.py"]),
        (["-m", "missing"], ["missing", "no module"]),
        (["-m", "empty"], ["empty.__main__", "no module"]),
        (["-m", "os.path.missing"], ["os.path.missing"]),
    ],
    ids=" ".join,
)
def test_a_command_line_that_makes_no_sense_is_answered_with_what_to_do(
    answer, write, arguments, words
):
    """P27: in one line."""
    write("empty/__init__.py", "")

    done = answer(main.main, "run", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


@pytest.fixture
def waiting(write, runtime, tmp_path):
    """Start a program under ``pikos run`` that waits for a line, once it waits."""
    processes = []

    def start(*options):
        command = [sys.executable, "-m", "pikos", "run", *options, str(write("script.py", WAITING))]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(command, cwd=tmp_path, text=True, **pipes)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_the_program_is_watched_while_it_runs(waiting, tmp_path):
    process = waiting("--wait-for-viewer", "120")
    until(list_sessions, "a session")
    (session,) = list_sessions()

    names = set()
    with live.subscribe(process.pid, timeout=DEADLINE_S) as messages:
        for message in messages:
            names |= names_in(message)
            if "waiting_for_a_line" in names:
                break
    process.communicate("\n", timeout=DEADLINE_S)

    assert (session.pid, session.argv) == (process.pid, (str(tmp_path / "script.py"),))
    assert process.returncode == 0
    assert not list_sessions()


def test_an_interrupt_from_the_keyboard_ends_it_as_under_python(waiting, tmp_path):
    process = waiting("-o", "out.pstats")
    assert process.stdout.readline() == "ready\n"

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=DEADLINE_S)

    assert process.returncode == -signal.SIGINT
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    assert re.findall('File "(.*)", line', errors)[:2] == [str(tmp_path / "script.py")] * 2
    assert "waiting_for_a_line" in functions(tmp_path / "out.pstats")


def names_in(message):
    """Names of the functions that a message tells of."""
    blocks = getattr(message, "blocks", ())
    return {
        name for block in blocks if block.table.name == "function" for name in block.columns["name"]
    }
