"""A program that does not answer is read from its ledger: it is stopped, or its publisher is."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from support.programs import start
from support.waiting import calls_of, hear_until, wait_until

from pikos.cli import main
from pikos.live import subscribe
from pikos.live.ledger_state import LedgerState
from pikos.live.session_lock import LEDGER_NAME
from pikos.live.streams import Streams
from pikos.model import Model

__all__ = ["start"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files back a ledger on Linux only")

READINGS = 40
QUIET = "profiler = RealTimeProfiler(interval=0.02); profiler.enable(); work(7); print('made')\n"
BUSY = """
def deep(n):
    leaf()
    if n: deep(n - 1)

profiler = RealTimeProfiler(interval=0.02)
profiler.enable()
print('made', flush=True)
while True: deep(20)
"""


def stop(pid):
    """Stop a process, and wait until each of its threads has stopped."""
    os.kill(pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{pid}/task")
    wait_until(
        lambda: all(
            (task / "stat").read_text().rpartition(")")[2].split()[0] == "T"
            for task in tasks.iterdir()
        ),
        "a process that is stopped",
    )


@pytest.fixture
def stopped(start):
    """A program that has made seven calls and is stopped."""
    program = start(QUIET + "sys.stdout.flush()\ninput(); work(2); input()")
    assert program.line() == "made"
    stop(program.pid)
    yield program
    os.kill(program.pid, signal.SIGCONT)


def test_verbs_show_a_stopped_program_and_say_so(answer, stopped):
    pid = str(stopped.pid)

    once = answer(main.main, "top", pid, "--once", "--json")
    exported = answer(main.main, "export", pid, "-f", "json", "-o", "out")

    assert (once.returncode, exported.returncode) == (0, 0)
    (leaf,) = (row for row in json.loads(once.stdout)["functions"] if row["name"] == "leaf")
    assert leaf["calls"] == 7
    for done in (once, exported):
        assert done.stderr.count("\n") == 1
        assert "the process does not answer (it may be stopped)" in done.stderr


def test_a_thread_with_an_open_call_is_counted_as_running(answer, stopped):
    assert " · 1 thread · " in answer(main.main, "top", str(stopped.pid), "--once").stdout


def test_a_picture_says_that_a_stopped_program_does_not_answer(answer, stopped):
    done = answer(main.main, "top", str(stopped.pid), "--once")

    assert "no answer, read from its ledger" in done.stdout.splitlines()[0]


def test_a_stopped_program_is_heard_again_when_it_goes_on(stopped):
    with subscribe(stopped.pid) as messages:
        model = Model()
        first = hear_until(messages, lambda s: calls_of(s, "leaf") == 7, "its ledger", model)
        assert messages.unanswered
        assert first.ended is None
        os.kill(stopped.pid, signal.SIGCONT)
        stopped.go_on()
        hear_until(messages, lambda s: calls_of(s, "leaf") == 9, "the program itself", model)

        assert not messages.unanswered
        assert not messages.refused
        assert model.streams == (first.stream,)


def test_a_viewer_that_watches_takes_what_came_before_the_stop(start):
    """The last messages of an interval of a minute are in the ledger alone."""
    text = QUIET.replace("0.02", "60") + "sys.stdout.flush()\ninput(); work(2); print('more')\n"
    program = start(text + "sys.stdout.flush(); input()")
    assert program.line() == "made"
    with subscribe(program.pid) as messages:
        model = Model()
        hear_until(messages, lambda s: s.complete, "the program", model)
        program.go_on()
        assert program.line() == "more"
        program.process.send_signal(signal.SIGKILL)
        snapshot = hear_until(messages, lambda s: s.ended is not None, "its end", model)

    assert calls_of(snapshot, "leaf") == 9
    assert snapshot.dropped == 0


def test_a_ledger_that_is_being_changed_is_read_whole(start):
    """No reading shows less than one before it, more time than there was, or a torn sum."""
    program = start(BUSY)
    assert program.line() == "made"
    path = os.path.join(program.session().path, LEDGER_NAME)
    calls = self_ns = 0

    for _ in range(READINGS):
        state, model, streams = LedgerState(path, living=True), Model(), Streams()
        frames = list(state.frames())
        assert state.messages() == len(frames)
        for frame in frames:
            model.fold(streams.take(frame))
        snapshot = model.snapshot()
        stats, edges = snapshot.stats.values(), snapshot.edges.values()
        spent_ns = sum(stat.inline_ns for stat in stats)
        assert snapshot.complete
        assert sum(s.callcount for s in stats) == sum(edge.callcount for edge in edges)
        assert calls <= sum(stat.callcount for stat in stats)
        assert self_ns <= spent_ns <= snapshot.time_ns
        calls, self_ns = sum(stat.callcount for stat in stats), spent_ns


def test_a_ledger_that_a_stopped_publisher_leaves_is_read(start):
    """The program goes on, its publisher's thread does not."""
    program = start(QUIET + "sys.stdout.flush()\ninput()")
    assert program.line() == "made"
    with subscribe(program.pid) as messages:
        hear_until(messages, lambda s: s.complete, "the program")
        stop(program.pid)
        wait_until(lambda: messages.receive(0.1) is None or messages.unanswered, "silence")
        wait_until(lambda: messages.receive(0.1) is not None and messages.unanswered, "its ledger")
        os.kill(program.pid, signal.SIGCONT)
