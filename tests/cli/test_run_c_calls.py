"""A signal ends a program in time also where Python cannot handle it (R4)."""

from __future__ import annotations

import signal
import textwrap

import pytest

PRELUDE = """
import ctypes, itertools, os, select, signal, socket, sys, threading, time

def killed(library, name="TERM"):
    # The signal comes inside of the C call, which goes on until this process is gone.
    text = f"exec >&- 2>&-; kill -{name} $PPID; while kill -0 $PPID; do sleep 0.1; done"
    library.system(text.encode())
"""
C_CALLS = {
    "it keeps the GIL": (signal.SIGTERM, "def work(): killed(ctypes.PyDLL(None))"),
    "it lets the GIL go": (signal.SIGTERM, "def work(): killed(ctypes.CDLL(None))"),
    "another thread's keeps the GIL": (
        signal.SIGTERM,
        """
        def work():
            threading.Thread(target=killed, args=(ctypes.PyDLL(None),), daemon=True).start()
            time.sleep(3600)
        """,
    ),
    "SIGHUP": (signal.SIGHUP, "def work(): killed(ctypes.PyDLL(None), 'HUP')"),
    "SIGALRM": (signal.SIGALRM, "def work(): killed(ctypes.PyDLL(None), 'ALRM')"),
    "it counts": (
        signal.SIGVTALRM,
        """
        def work():
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.3)
            sum(itertools.repeat(0))
        """,
    ),
}
"""Calls that never return, and the signal that comes."""

BLOCKING = {
    "sleep": "time.sleep(3600)",
    "select": "select.select([socket.socketpair()[0]], [], [])",
    "accept": "socket.create_server(('127.0.0.1', 0)).accept()",
    "a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "a pipe": "os.read(os.pipe()[0], 1)",
}
UNNOTICED = """
def send():
    time.sleep(0.3)  # the other thread is waiting by then, most likely
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

def work():
    threading.Thread(target=send, daemon=True).start()
    {blocking}
"""
"""Python takes note of the signal in another thread: nothing interrupts what blocks."""


@pytest.fixture
def stuck(write):
    """Write a program that makes one of the calls; the signal that ends it."""

    def make(call):
        number, work = C_CALLS[call]
        write("script.py", PRELUDE + textwrap.dedent(work) + "\nwork()\n")
        return number

    return make


def stacks_in(pikos, recording, tmp_path):
    exported = pikos("export", recording, "-f", "collapsed", "-o", "stacks.txt")
    assert exported.returncode == 0, exported.stderr
    return (tmp_path / "stacks.txt").read_text()


@pytest.mark.parametrize("call", C_CALLS)
def test_the_state_is_kept(pikos, stuck, tmp_path, call):
    number = stuck(call)

    done = pikos("run", "-o", "out", "script.py")

    assert done.returncode == -number
    assert "during a C call" in done.stderr
    assert str(tmp_path / "out.pikos") in done.stderr
    assert not (tmp_path / "out").exists()
    assert ";work " in stacks_in(pikos, "out.pikos", tmp_path)


def test_the_state_is_printed(pikos, stuck):
    stuck("it keeps the GIL")

    done = pikos("run", "-s", "cumtime", "script.py")

    assert done.returncode == -signal.SIGTERM
    assert done.stderr.count("Ordered by: cumulative time") == 1
    assert "(work)" in done.stderr


def test_without_a_profile_to_save_it_just_ends(pikos, stuck):
    stuck("it keeps the GIL")

    done = pikos("run", "script.py")

    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")


def test_a_recording_has_the_state_anyway(pikos, stuck, tmp_path):
    stuck("it keeps the GIL")

    done = pikos("run", "-o", "out", "--record", "session.pikos", "script.py")

    assert done.returncode == -signal.SIGTERM
    assert str(tmp_path / "session.pikos") in done.stderr
    assert not (tmp_path / "out.pikos").exists()
    assert ";work " in stacks_in(pikos, "session.pikos", tmp_path)


def test_what_cannot_be_kept_is_said(pikos, stuck, tmp_path):
    (tmp_path / "out.pikos").write_text("somebody's")
    stuck("it keeps the GIL")

    done = pikos("run", "-o", "out", "script.py")

    assert done.returncode == -signal.SIGTERM
    assert "the profile is lost" in done.stderr
    assert (tmp_path / "out.pikos").read_text() == "somebody's"


def test_a_handler_of_the_program_is_waited_for(pikos, write, tmp_path):
    """As without a profiler, it runs when the call returns, however long that takes."""
    write(
        "script.py",
        """
        import ctypes, signal

        signal.signal(signal.SIGTERM, lambda *_: print("caught", flush=True))
        ctypes.PyDLL(None).system(b"kill -TERM $PPID; sleep 1")
        """,
    )

    done = pikos("run", "-o", "out", "script.py")

    assert (done.returncode, done.stdout) == (0, "caught\n")
    assert (tmp_path / "out").exists()


@pytest.mark.parametrize("blocking", BLOCKING)
def test_a_signal_that_interrupts_nothing_is_handled(pikos, python, write, tmp_path, blocking):
    """As one that comes just before a blocking call, when Python has looked for signals."""
    text = PRELUDE + UNNOTICED.format(blocking=BLOCKING[blocking]) + "\nwork()\n"
    write("script.py", text)

    bare = python("script.py")
    done = pikos("run", "-o", "out", "script.py")

    assert (done.returncode, done.stdout, done.stderr) == (bare.returncode, "", bare.stderr)
    assert (tmp_path / "out").exists()
    assert not (tmp_path / "out.pikos").exists()
