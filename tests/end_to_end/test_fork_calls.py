"""Publishing goes on as soon as os.fork() has returned or raised, whoever calls it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap

import pytest

NO_FORK = """
#include <errno.h>
#include <sys/types.h>
pid_t fork(void) { errno = EAGAIN; return -1; }
int forkpty(int *a, char *b, void *c, void *d) { errno = EAGAIN; return -1; }
"""
PROFILER = "watched = RealTimeProfiler(interval=0.02)\nwatched.enable()\n"
RECORDER = """
from pikos.monitors.records import FunctionRecord
from pikos.api import ZeroMQRecorder
class Watched(ZeroMQRecorder):
    def publishing(self):
        sender = self._sender
        waits = sender.waits_for or sender._outlet is None
        return {"error": str(waits) if waits else None}
watched = Watched(address=address, wait_for_ready=False)
watched.prepare(FunctionRecord)
"""
HELPERS = """
import gc, resource, socket, time, weakref
address = None

def until(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, condition
        time.sleep(0.002)

def publishes():
    facts = watched.publishing()
    return facts is not None and facts["error"] is None

def waits():
    facts = watched.publishing()
    return facts is not None and facts["error"] is not None

def fork():
    child = os.fork()
    if not child: os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def run(start, *texts, options=("-W", "error"), **keywords):
    """Run a program to its end, which is to be in order and silent."""
    text = "\n".join(map(textwrap.dedent, (HELPERS, *texts)))
    program = start(text, options=options, **keywords)
    assert program.end() == (0, "", "")


@pytest.fixture
def no_fork(tmp_path):
    """The environment of processes that cannot fork."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("this needs a C compiler and LD_PRELOAD")
    source, library = tmp_path / "no_fork.c", tmp_path / "no_fork.so"
    source.write_text(NO_FORK)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    return {**os.environ, "LD_PRELOAD": str(library)}


@pytest.mark.parametrize("watched", [PROFILER, RECORDER], ids=["profiler", "recorder"])
def test_publishing_goes_on_after_a_fork_that_failed(start, no_fork, watched):
    """C1."""
    run(
        start,
        watched,
        """
        import multiprocessing
        class Held: pass
        def attempt(fork):
            held = Held()
            held.itself = held
            try: fork()
            except OSError: return weakref.ref(held)
            raise AssertionError("it forked")
        context = multiprocessing.get_context("fork")
        for fork in (os.fork, os.forkpty, context.Process(target=leaf).start):
            left = attempt(fork)
            until(publishes)
            gc.collect()
            assert left() is None
        """,
        env=no_fork,
    )


@pytest.mark.parametrize("watched", [PROFILER, RECORDER], ids=["profiler", "recorder"])
@pytest.mark.parametrize("moment", ["before_fork", "after_fork_in_parent"])
def test_what_a_signal_raises_in_the_middle_of_a_fork_is_the_programs(start, moment, watched):
    """C1: it is not lost, and publishing goes on."""
    run(
        start,
        watched,
        f"""
        def handle(*_): raise KeyError("the program's")
        signal.signal(signal.SIGUSR1, handle)
        Interrupted = type("Interrupted", (type(watched),), {{}})
        def interrupted(self):
            if left: signal.raise_signal(left.pop())
            getattr(super(Interrupted, self), "{moment}")()
        Interrupted.{moment} = interrupted
        watched.__class__ = Interrupted
        parent = os.getpid()
        for _ in range(3):
            left = [signal.SIGUSR1]
            caught = False
            try:
                if not os.fork(): os._exit(0)
            except KeyError:
                caught = True
            if os.getpid() != parent: os._exit(0)
            assert caught
            os.wait()
            until(publishes)
        """,
    )


def test_publishing_goes_on_after_a_fork_while_the_main_thread_is_in_c(start):
    """C7: no function is called for the first time, and the main thread runs no Python code."""
    run(
        start,
        PROFILER,
        """
        failures = []
        def worker():
            try:
                until(publishes)
                fork()
                until(publishes)
            except BaseException as failure:
                failures.append(failure)
        thread = threading.Thread(target=worker)
        thread.start()
        thread.join()
        assert not failures, failures
        """,
        options=["-W", "ignore"],  # there are threads, though they are not ours
    )


@pytest.mark.parametrize("watched", [PROFILER, RECORDER], ids=["profiler", "recorder"])
def test_a_fork_by_anybody_is_followed_by_publishing_and_warns_of_no_thread(start, watched):
    """C7: os.fork, os.forkpty, multiprocessing, subprocess with a function in the child."""
    run(
        start,
        watched,
        """
        import multiprocessing, subprocess
        def by_pty():
            child, descriptor = os.forkpty()
            if not child: os._exit(0)
            os.waitpid(child, 0)
            os.close(descriptor)
        def by_process():
            process = multiprocessing.get_context("fork").Process(target=leaf)
            process.start()
            process.join()
        def by_subprocess():
            subprocess.run([sys.executable, "-c", ""], check=True, preexec_fn=leaf)
        for each in (fork, by_pty, by_process, by_subprocess) * 2:
            until(publishes)
            each()
        until(publishes)
        """,
    )


@pytest.mark.parametrize("watched", [PROFILER, RECORDER], ids=["profiler", "recorder"])
def test_a_restart_that_fails_for_want_of_descriptors_is_tried_again(start, watched):
    """C14: also with a few of them, where libzmq would abort the process."""
    run(
        start,
        watched,
        """
        until(publishes)
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, limit))
        files = []
        def take_all():
            try:
                while True: files.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                for _ in range(few): os.close(files.pop())
        os.register_at_fork(after_in_parent=take_all)
        for few in range(8):
            fork()
            until(waits)
            while files: os.close(files.pop())
            until(publishes)
        """,
    )


@pytest.mark.parametrize("watched", [PROFILER, RECORDER], ids=["profiler", "recorder"])
def test_a_restart_that_fails_because_its_port_is_taken_is_tried_again(start, watched):
    """C14."""
    run(
        start,
        """
        with socket.create_server(("127.0.0.1", 0)) as server: port = server.getsockname()[1]
        address = f"tcp://127.0.0.1:{port}"
        """,
        watched.replace("RealTimeProfiler(", "RealTimeProfiler(address, "),
        """
        until(publishes)
        servers = []
        os.register_at_fork(
            after_in_parent=lambda: servers.append(socket.create_server(("127.0.0.1", port)))
        )
        fork()
        until(waits)
        servers.pop().close()
        until(publishes)
        """,
    )


def test_a_signal_handler_may_fork_in_the_middle_of_a_fork(start):
    """C1: what begins and ends around both is done once."""
    run(
        start,
        PROFILER,
        """
        import signal

        inner = 0
        def handle(*_):
            global inner
            inner += 1
            fork()
            signal.setitimer(signal.ITIMER_REAL, 0.002)

        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.002)
        for _ in range(1000):
            fork()
            if inner > 40:
                break
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        assert inner > 10
        until(publishes)
        """,
    )
