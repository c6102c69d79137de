"""A process that is gone is known to be gone, by every verb that watched it (P2, V13)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.programs import start
from support.publisher import Publisher
from support.recordings import fold
from support.session import MadeUpSession
from support.waiting import DEADLINE_S, hear_until, wait_until

from pikos.cli import record
from pikos.errors import SessionGone, SessionSilent
from pikos.live import subscribe
from pikos.live.client import Subscription
from pikos.live.web.hub import Hub
from pikos.publishing.session_directory import SessionDirectory
from pikos.recording import RecordingWriter, Replay

__all__ = ["start"]

PROGRAM = "profiler = RealTimeProfiler(interval=0.02); profiler.enable(); work(5); input(); {}"

ENDS = {
    "_exit": "os._exit(3)",
    "SIGTERM": "os.kill(os.getpid(), signal.SIGTERM); signal.pause()",
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "crash": "signal.signal(signal.SIGSEGV, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGSEGV)",
    "exec": "os.execv(sys.executable, [sys.executable, '-c', 'input()'])",
}
GONE = "gone without a goodbye at "


def killed(start):
    """A program that kills itself when it may go on."""
    return start(PROGRAM.format(ENDS["SIGKILL"]))


def pikos(*arguments):
    """A verb that runs in a process of its own."""
    command = [sys.executable, "-m", "pikos", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("end", ENDS)
def test_a_viewer_knows_that_a_process_is_gone_however_it_ended(start, end):
    program = start(PROGRAM.format(ENDS[end]))
    with subscribe(program.session().address) as messages:
        hear_until(messages, lambda snapshot: snapshot.complete, "the program")
        program.go_on()
        snapshot = hear_until(messages, lambda snapshot: snapshot.ended is not None, "its end")

        assert messages.ended
        assert messages.gone == snapshot.ended.startswith(GONE)
        assert messages.gone or end not in {"SIGKILL", "crash"}
        with pytest.raises(StopIteration):
            next(messages)


def test_a_recorder_of_a_killed_process_ends_at_once_and_its_file_has_an_end(start, tmp_path):
    program, path = killed(start), tmp_path / "x"
    session = program.session()
    recorder = pikos("record", session.pid, "-o", path)
    with recorder:
        wait_until(lambda: path.exists() and path.stat().st_size > 4000, "a recording")
        program.go_on()
        output, errors = recorder.communicate(timeout=DEADLINE_S)

    assert (recorder.returncode, output) == (1, "")
    assert errors.count("\n") == 1
    assert "gone without a goodbye; what it had counted is recorded" in errors
    with Replay(path) as replay:
        assert fold(replay).ended.startswith(GONE)


def test_top_of_a_killed_process_ends_with_its_last_state(start):
    program = killed(start)
    with pikos("top", program.session().pid, "--json", "--interval", "0.1") as top:
        assert top.stdout.readline()
        program.go_on()
        output, errors = top.communicate(timeout=DEADLINE_S)

    assert (top.returncode, errors) == (0, "")
    assert json.loads(output.splitlines()[-1])["ended"].startswith(GONE)


def test_a_page_shows_that_a_process_is_gone(start):
    program = killed(start)
    with Hub(discover=True) as hub:

        def ended():
            return [tab.snapshot.ended for tab in hub.tabs() if tab.snapshot.complete]

        wait_until(lambda: ended() == [None], "the program")
        program.go_on()
        wait_until(lambda: str(ended()[0]).startswith(GONE), "its end")


def test_one_of_several_processes_that_is_gone_ends_its_own_session_alone(start):
    programs = [killed(start), killed(start)]
    addresses = [program.session().address for program in programs]
    with subscribe(programs[0].pid) as one:
        stream = hear_until(one, lambda snapshot: snapshot.complete, "the program").stream
    with Subscription(addresses, timeout=DEADLINE_S) as messages:
        heard = set()
        while len(heard) < 2:
            heard.add(next(messages).envelope.stream)
        programs[0].go_on()
        goodbye = next(message for message in messages if hasattr(message, "reason"))

        assert goodbye.envelope.stream == stream
        assert not messages.ended


def test_a_process_that_was_gone_before_anything_was_heard_is_said_to_be(runtime):
    gone = str(runtime / "pikos" / "4711-0123456789abcdef" / "s")

    with subscribe(f"ipc://{gone}") as messages, pytest.raises(SessionGone, match="nothing was"):
        next(messages)
    for verb, *rest in (["record", "-o", runtime / "x"], ["top"], ["top", "--once"]):
        with pikos(verb, f"ipc://{gone}", *rest) as process:
            _, errors = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 1
        assert "the process is gone without a goodbye; nothing was heard" in errors


def test_a_directory_that_is_removed_is_no_sign_of_an_end(runtime):
    with Publisher(session=MadeUpSession(pid=os.getpid(), interval_ns=20_000_000)) as publisher:
        directory = SessionDirectory.make()
        directory.announce(publisher.address, ["program.py"], 17)
        with subscribe(publisher.address) as messages:
            shutil.rmtree(directory.path)
            hear_until(messages, lambda snapshot: snapshot.messages > 50, "messages")
            assert not messages.gone
            directory.forget()
            publisher.silent = True
            hear_until(messages, lambda snapshot: snapshot.ended is not None, "its end")


def test_messages_that_are_read_after_the_connection_ended_do_not_keep_the_recorder(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(record, "WAIT_S", 0.1)
    monkeypatch.setattr(record, "LOOK_S", 0.02)
    with Publisher() as publisher, subscribe(publisher.address) as messages:
        hear_until(messages, lambda snapshot: snapshot.complete, "the program")
        publisher.close()
        wait_until(lambda: messages._link.wait(0) and messages.disconnects, "the end, and messages")
        with RecordingWriter(tmp_path / "x") as writer:
            messages.tap = writer.write
            with pytest.raises(SessionSilent, match="what was heard is recorded"):
                record._listen(messages, "it", writer)


def test_no_recorder_is_left_by_programs_that_end_at_once(pikos_run, tmp_path):
    """Reading to the end of stderr waits for the recorder, which has it too."""

    def run(number):
        path = tmp_path / f"{number}.pikos"
        return pikos_run("run", "--record", path, "-c", "import os; os._exit(0)")

    with ThreadPoolExecutor(4) as pool:
        assert [done.returncode for done in pool.map(run, range(12))] == [0] * 12


def test_the_same_recording_may_be_begun_anew_at_once(pikos_run, tmp_path):
    for _ in range(3):
        done = pikos_run(
            "run", "--record", tmp_path / "x", "-c", "import os; os._exit(0)", wait=False
        )
        assert "another process is recording" not in done.stderr
        assert done.returncode == 0


@pytest.fixture
def pikos_run(runtime, tmp_path):
    """Run a command until it ends, and what it has started, too, unless wait is false."""

    def run(*arguments, wait=True):
        command = [sys.executable, "-m", "pikos", *map(str, arguments)]
        if wait:
            return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        with (tmp_path / "stderr").open("w+") as errors:
            done = subprocess.run(command, stderr=errors, timeout=60, check=False)
            errors.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, None, errors.read())

    return run
