"""However a program ends, its profile is there, and the status is its own (P24, R4)."""

from __future__ import annotations

import os
import pstats
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from support.deadlines import DEADLINE_S
from support.endings import ENDINGS, FAILING_EXEC, PRELUDE, without_children

from pikos.cli import own_viewers
from pikos.cli.own_viewers import OwnViewers

UNSEEN = """
    import os, pickle, signal
    print(os._exit, os._exit is pickle.loads(pickle.dumps(os._exit)), os._exit.__self__)
    print(os._exit.__doc__, os.execv.__text_signature__, type(os.execve), os.execv.__module__)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGINT, signal.SIGPIPE):
        print(signal.getsignal(number), signal.signal(number, signal.SIG_IGN))
        print(signal.signal(number, signal.SIG_DFL), signal.getsignal(number))
    for wrong in ((), (1, 2), ("a",), (None,)):
        for function in (os._exit, os.execv, signal.signal, signal.getsignal):
            try:
                function(*wrong)
            except (TypeError, ValueError) as error:
                print(type(error), error, error.__traceback__.tb_next is None or function.__name__)
    try:
        os.execv("/nowhere", ["x"])
    except OSError as error:
        print(error)
    print(signal.signal(signal.SIGTERM, signal.SIG_DFL))
"""


@pytest.fixture
def program(write):
    """Write a program that ends in one of the ways."""

    def make(ending):
        write("script.py", PRELUDE + textwrap.dedent(ENDINGS[ending]) + "\nwork()\n")

    return make


def functions(path):
    return {name for _, _, name in pstats.Stats(str(path)).stats}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_profile_is_saved(pikos, python, program, tmp_path, ending):
    program(ending)

    bare = python("script.py")
    done = pikos("run", "-o", "out", "script.py")

    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
    assert without_children(done.stderr) == bare.stderr
    assert {"<module>", "work", "end"} <= functions(tmp_path / "out")


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_profile_is_printed(pikos, python, program, ending):
    program(ending)

    bare = python("script.py")
    done = pikos("run", "-s", "cumtime", "script.py")

    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
    assert done.stderr.count("Ordered by: cumulative time") == 1
    assert "(work)" in done.stderr


def test_a_second_signal_ends_what_waits_to_save(runtime, write, tmp_path):
    write("script.py", "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n")
    os.mkfifo(tmp_path / "out")  # which nobody reads
    command = [sys.executable, "-m", "pikos", "run", "-o", "out", "script.py"]
    give_up = time.monotonic() + DEADLINE_S
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None and time.monotonic() < give_up:
                time.sleep(0.2)
                process.send_signal(signal.SIGHUP)
        finally:
            process.kill()

    assert process.returncode == -signal.SIGHUP


@pytest.mark.parametrize("ending", ["os._exit", "exec", "SIGTERM", "an exception"])
def test_the_recording_is_whole(pikos, python, program, tmp_path, ending):
    program(ending)

    bare = python("script.py")
    done = pikos("run", "--record", "out.pikos", "script.py")
    exported = pikos("export", "out.pikos", "-f", "json", "-o", "out.json")

    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
    assert exported.returncode == 0
    assert '"work"' in (tmp_path / "out.json").read_text()


def test_the_program_cannot_tell_the_difference(pikos, python, write):
    write("script.py", UNSEEN)

    bare = python("script.py")
    done = pikos("run", "-o", "out", "script.py")

    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
    assert without_children(done.stderr) == bare.stderr


@pytest.mark.parametrize(
    "options", [["-o", "out"], ["-o", "out", "--record", "out.pikos"]], ids=len
)
def test_an_interrupt_meanwhile_loses_nothing(pikos, write, tmp_path, options):
    """Ctrl-C twice: the second comes while the profile is saved."""
    write(
        "script.py",
        """
        import os, signal, sys
        class Output:
            def write(self, text): return len(text)
            def flush(self):
                if pending:
                    os.kill(pending.pop(), signal.SIGINT)
        def work(): raise KeyboardInterrupt
        pending = [os.getpid()]
        sys.stdout = Output()
        work()
        """,
    )

    done = pikos("run", *options, "script.py")

    assert done.returncode == -signal.SIGINT
    assert "not everything" not in done.stderr
    assert "work" in functions(tmp_path / "out")


def test_a_viewer_that_is_stopped_does_not_hold_up_the_end(monkeypatch):
    monkeypatch.setattr(own_viewers, "_FAREWELL_S", 0.1)
    viewer = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    viewer.send_signal(signal.SIGSTOP)

    with viewer:
        assert own_viewers.part_with(OwnViewers(None, viewer, None)) == 1

    assert viewer.returncode == -signal.SIGKILL


def test_what_the_program_left_unwritten_stays_so(pikos, python, write, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    write("script.py", "import os, sys\nsys.stdout.write('a')\nsys.stderr.write('b')\nos._exit(0)")

    bare = python("script.py")
    done = pikos("run", "-o", "out", "script.py")

    assert (done.stdout, done.stderr) == (bare.stdout, bare.stderr)


def test_an_exec_that_fails_lets_the_program_and_the_counting_go_on(pikos, write, tmp_path):
    write("script.py", FAILING_EXEC)

    pikos("run", "-o", "out", "script.py")

    assert {"before", "after"} <= functions(tmp_path / "out")


def test_a_module_of_the_program_is_not_taken_for_one_of_pythons(pikos, write):
    """The profile is made after the program, whose directory is first on its path."""
    write("pstats.py", "1 / 0")
    write("script.py", "import os\ndef work(): os._exit(0)\nwork()")

    done = pikos("run", "-s", "calls", "script.py")

    assert "(work)" in done.stderr


SLEEPING = """
    import time

    def work():
        print("ready", flush=True)
        while True:
            time.sleep(0.01)

    work()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_from_outside_ends_a_program_that_sleeps(runtime, write, tmp_path, number):
    write("script.py", SLEEPING)
    command = [sys.executable, "-m", "pikos", "run", "-o", "out", "script.py"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(30) == -number

    assert {"<module>", "work"} <= functions(tmp_path / "out")


def test_a_signal_that_the_starter_ignores_stays_ignored(runtime, write, tmp_path):
    write("script.py", "import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\nprint('alive')")
    command = [sys.executable, "-m", "pikos", "run", "-o", "out", "script.py"]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )

    assert (done.returncode, done.stdout) == (0, b"alive\n")


def test_the_first_process_of_a_container_goes_on(python, pikos, write, tmp_path):
    """No signal's default action ends it, so it is counted to its end."""
    write(
        "script.py",
        """
        import os, signal
        def before(): os.kill(os.getpid(), signal.SIGTERM)
        def after(): print("alive", os.getpid())
        before()
        after()
        """,
    )
    enter = ["unshare", "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*enter, "true"], check=False).returncode:
        pytest.skip("no PID namespace can be made")

    command = [*enter, sys.executable, "-m", "pikos", "run", "-o", "out", "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "alive 1\n", "")
    assert {"before", "after"} <= functions(tmp_path / "out")


PROGRAMS = {
    "a path": ["script.py"],
    "a module": ["-m", "script"],
    "a module of a package": ["-m", "package.inner"],
    "a package": ["-m", "package"],
    "code": ["-c", "exec(open('script.py').read())"],
}


@pytest.mark.parametrize("ending", ["os._exit", "SIGTERM", "an exception"])
@pytest.mark.parametrize("way", PROGRAMS)
def test_however_the_program_is_named(pikos, python, program, write, tmp_path, way, ending):
    program(ending)
    for name in ("package/inner.py", "package/__main__.py"):
        write(name, (tmp_path / "script.py").read_text())
    write("package/__init__.py", "")

    bare = python(*PROGRAMS[way])
    done = pikos("run", "-o", "out", *PROGRAMS[way])

    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
    assert done.stderr.splitlines()[-1:] == bare.stderr.splitlines()[-1:]  # without runpy's frames
    assert {"<module>", "work", "end"} <= functions(tmp_path / "out")


def test_a_forked_child_does_not_write_its_parents_profile(pikos, python, write, tmp_path):
    """However the child ends, and whether or not Python knows of the fork."""
    write(
        "script.py",
        """
        import ctypes, os, signal, sys

        def child(end):
            for fork in (os.fork, ctypes.CDLL(None).fork):
                number = fork()
                if not number:
                    in_child()
                    end()
                print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)

        def in_child(): pass
        def kill(): os.kill(os.getpid(), signal.SIGTERM)

        def execute(): os.execv(sys.executable, [sys.executable, "-c", "pass"])

        for end in (lambda: os._exit(5), kill, execute):
            child(end)
        """,
    )

    bare = python("script.py")
    done = pikos("run", "-o", "out", "script.py")

    assert (done.returncode, done.stdout) == (bare.returncode, bare.stdout)
    assert "child" in functions(tmp_path / "out")
    assert "in_child" not in functions(tmp_path / "out")
    assert list(tmp_path.glob("out*")) == [tmp_path / "out"]
