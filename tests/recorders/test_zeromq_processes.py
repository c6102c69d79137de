"""ZeroMQRecorder and processes: several at once, forks, and every kind of end."""

from __future__ import annotations

import signal

import pytest
from support.deadlines import DEADLINE_S
from support.programs import start
from support.runtime import runtime
from support.waiting import hear_until, wait_until

from pikos.live import sessions, subscribe
from pikos.model import Model
from pikos.wire.messages import Bye

__all__ = ["runtime", "start"]

PRELUDE = """
from typing import NamedTuple
from pikos.recorders.zeromq_recorder import ZeroMQRecorder
class Record(NamedTuple):
    index: int
    function: str
recorder = ZeroMQRecorder(wait_for_ready=False)
recorder.prepare(Record)
recorder.record(Record(1, "first"))
"""


@pytest.fixture
def recording(start):
    """Start a program that has recorded one record, and does more."""
    return lambda text="input()": start(PRELUDE + text)


def indexes(now):
    return now.records["Record"].column("index") if "Record" in now.records else []


def test_two_processes_publish_at_once(recording):
    """S54, B16: two processes at once."""
    programs = [recording(), recording()]

    for program in programs:
        program.session()
        with subscribe(program.pid) as messages:
            snapshot = hear_until(messages, indexes, "its record")
        assert snapshot.facts["pid"] == program.pid
        assert program.process.poll() is None


def test_a_program_without_a_viewer_is_not_held_up(recording):
    """S54, B16: no viewer, no hang."""
    assert recording("pass").end() == (0, "", "")
    assert sessions.list_sessions() == ()


def test_the_last_records_come_before_the_goodbye(recording):
    program = recording("input(); recorder.record(Record(2, 'last'))")
    program.session()
    model = Model()
    with subscribe(program.pid, timeout=DEADLINE_S) as messages:
        hear_until(messages, indexes, "its record", model)
        program.go_on()
        for message in messages:
            model.fold(message)

    assert indexes(model.snapshot()) == [1, 2]
    assert model.snapshot().ended == "the program ended"
    assert program.end() == (0, "", "")


def test_a_killed_program_leaves_a_session_that_is_swept_away(recording):
    program = recording()
    program.session()

    program.process.send_signal(signal.SIGKILL)

    wait_until(lambda: not sessions.list_sessions(), "its session to be gone")


def test_an_exception_and_an_exit_status_are_the_programs_own(recording):
    assert recording("raise SystemExit(7)").end()[0] == 7


FORK = """
child = os.fork()
if child == 0:
    recorder.record(Record(99, "in the child"))
    recorder.finalize()
    print(recorder.ready, recorder.address, flush=True)
    os._exit(0)
os.waitpid(child, 0)
recorder.record(Record(2, "in the parent"))
input()
"""


def test_after_a_fork_the_parent_goes_on_and_the_child_records_nothing(recording):
    program = recording(f"input()\n{FORK}")
    program.session()
    model = Model()
    with subscribe(program.pid) as messages:
        hear_until(messages, indexes, "the first record", model)
        program.go_on()
        assert program.line() == "False None"
        snapshot = hear_until(messages, lambda now: len(indexes(now)) == 2, "the second", model)

    assert indexes(snapshot) == [1, 2]
    assert len(sessions.list_sessions()) == 1


def test_a_child_that_prepares_has_a_session_of_its_own(recording):
    program = recording(
        "child = os.fork()\n"
        "if child == 0:\n"
        "    recorder.prepare(Record)\n"
        "    recorder.record(Record(5, 'in the child'))\n"
        "    print(os.getpid(), flush=True)\n"
        "input()\n"
    )
    child = int(program.line())

    with subscribe(child) as messages:
        snapshot = hear_until(messages, indexes, "the child's record")

    assert indexes(snapshot) == [5]
    assert {session.pid for session in sessions.list_sessions()} == {child, program.pid}


def test_a_process_may_publish_a_profile_and_records(recording):
    program = recording(
        "profiler = RealTimeProfiler(); profiler.enable(); print('on', flush=True); input()"
    )
    program.line()

    found = sessions.list_sessions()
    assert {(each.pid, each.publishes) for each in found} == {
        (program.pid, "records"),
        (program.pid, "profile"),
    }
    with subscribe(program.pid) as messages:
        model = Model()
        hear_until(messages, lambda _: len(model.streams) == 2, "both sessions", model)


def test_a_stopped_viewer_holds_nothing_up(recording, start):
    program = recording(
        "input()\n"
        "for n in range(300_000): recorder.record(Record(n, 'x' * 200))\n"
        "print('done', flush=True)\n"
    )
    program.session()
    viewer = start(
        f"from pikos.live import subscribe\n"
        f"messages = subscribe({program.pid})\n"
        f"next(messages); print('heard', flush=True); input()\n"
    )
    viewer.line()
    viewer.process.send_signal(signal.SIGSTOP)

    program.go_on()

    assert program.end() == (0, "done\n", "")


def test_a_killed_viewer_disturbs_nobody_and_another_comes_back(recording, start):
    """The records that were kept meanwhile are there for it; none is missing."""
    program = recording("for n, _ in enumerate(sys.stdin, 2): recorder.record(Record(n, 'more'))")
    program.session()

    for count in (1, 2):
        viewer = start(
            "from pikos.live import subscribe\n"
            f"messages = subscribe({program.pid})\n"
            "next(messages); print('heard', flush=True); input()\n"
        )
        assert viewer.line() == "heard"
        viewer.process.kill()
        assert viewer.end()[0] == -signal.SIGKILL
        program.go_on()
        expected = list(range(1, count + 2))
        with subscribe(program.pid) as messages:
            heard = hear_until(messages, lambda now: indexes(now) == expected, "all records")  # noqa: B023 - at once
        assert heard.records["Record"].missed == 0

    assert program.end() == (0, "", "")


def test_goodbye_is_the_last_message(recording):
    """B16."""
    program = recording("input()")
    program.session()
    with subscribe(program.pid, timeout=DEADLINE_S) as messages:
        next(messages)
        program.go_on()
        assert isinstance(list(messages)[-1], Bye)
