"""What a process had counted when it was killed is found by every verb, and to the last call."""

from __future__ import annotations

import json
import pstats
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.killed import CALLING, CALLS, KILLS, KINDS, MAKE_CALLS, kills
from support.programs import start
from support.recordings import fold
from support.waiting import calls_of, wait_until

from pikos.cli import main
from pikos.live.sessions import gone_sessions
from pikos.live.web.hub import Hub
from pikos.recording import Replay
from pikos.recording.reader import is_recording

__all__ = ["start"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files back a ledger on Linux only")

FEWER_KILLS = 4
PROGRAM = CALLING + MAKE_CALLS
ENDS = {
    "kill -9": "os.kill(os.getpid(), signal.SIGKILL)",
    "crash": "import ctypes; ctypes.string_at(0)",
    "exec": "os.execv('/bin/true', ['true'])",
    "_exit of C": "import ctypes; ctypes.CDLL(None)._exit(3)",
}


@pytest.fixture
def killed(write, runtime, tmp_path):
    """Run a program under ``pikos run``, kill it once it has made its calls; its process id."""
    script = write("program.py", PROGRAM)

    def killed(kind="leaf", calls=CALLS, *options):
        command = [sys.executable, "-m", "pikos", "run", *options, script, kind, str(calls)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as program:
            assert program.stdout.read(4) == b"made"
            program.kill()
        return program.pid

    return killed


def calls_in(path, name):
    stats = pstats.Stats(str(path)).stats
    return sum(row[1] for (_, _, function), row in stats.items() if function == name)


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_of_a_killed_process_has_every_call(answer, killed, tmp_path, kind):
    """R4: what a process says it has called is in its export, to the last call."""
    differences = 0
    for calls, pid in kills(killed, kind, KILLS if kind == "leaf" else KILLS // 5):
        done = answer(main.main, "export", str(pid), "-f", "pstats", "-o", "out")
        assert done.returncode == 0, done.stderr
        differences += calls_in(tmp_path / "out", KINDS[kind]) != calls

    assert differences == 0


@pytest.mark.parametrize("end", ENDS)
def test_a_process_leaves_its_counts_however_it_ended(start, pikos, end):
    program = start(f"profiler = RealTimeProfiler(); profiler.enable(); work(7); {ENDS[end]}")
    program.end()

    done = pikos("top", program.pid, "--once", "--json")

    assert done.returncode == 0
    told = json.loads(done.stdout)
    (leaf,) = (row for row in told["functions"] if row["name"] == "leaf")
    assert leaf["calls"] == 7
    assert told["ended"].startswith("gone without a goodbye at ")
    assert f"process {program.pid} is gone since" in done.stderr


def test_a_program_that_ends_in_order_leaves_nothing(start, runtime):
    program = start("with RealTimeProfiler(): work(7)")
    program.end()

    assert gone_sessions() == ()
    assert not list((runtime / "pikos").iterdir())


def test_every_verb_shows_the_last_state(answer, killed, tmp_path):
    pid = str(killed())

    for verb, *arguments in (
        ("export", "-f", "json", "-o", "state.json"),
        ("report", "--html"),
        ("record", "-o", "kept.pikos"),
        ("top", "--once"),
    ):
        done = answer(main.main, verb, pid, *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (0, 1)
        assert done.stderr.startswith(f"pikos {verb}: process {pid} is gone since ")
        assert "this is what it had counted" in done.stderr
    for other in ("state.json", "kept.pikos", pid):
        done = answer(main.main, "diff", other, pid, "--json")
        assert all(row["difference"]["calls"] == 0 for row in json.loads(done.stdout)["functions"])
    with Replay(tmp_path / "kept.pikos") as replay:
        snapshot = fold(replay)
    assert calls_of(snapshot, "leaf") == CALLS
    assert snapshot.ended.startswith("gone without a goodbye at ")
    assert "leaf" in (tmp_path / f"{pid}.html").read_text()


def test_the_page_shows_the_last_state(killed):
    from pikos.cli.source import source_of

    pid = killed()
    with Hub() as hub:
        hub.add(source_of(str(pid)), str(pid))
        (tab,) = wait_until(lambda: [tab for tab in hub.tabs() if tab.snapshot.complete], "a tab")
        snapshot = wait_until(lambda: hub.scene(tab.id)[1].snapshot, "its state")

    assert calls_of(snapshot, "leaf") == CALLS


def test_the_table_on_a_terminal_shows_the_last_state_until_the_user_leaves(killed, terminal):
    pid = killed()

    screen = terminal("top", str(pid))

    screen.until(b"\x1b[?2004h")  # keys are read now
    screen.until(b"gone without a goodbye")
    screen.press(b"q")

    assert screen.end() == 0
    assert f"process {pid} is gone since".encode() in screen.seen


def test_ps_lists_what_was_killed_and_when(answer, killed):
    before = time.time()
    pid = killed()

    table = answer(main.main, "ps").stdout.splitlines()
    (told,) = json.loads(answer(main.main, "ps", "--json").stdout)

    assert "pikos top PID" in table[2]
    assert table[3].split() == ["PID", "STARTED", "GONE", "COMMAND"]
    assert table[4].split()[0] == str(pid)
    assert "program.py leaf 1000" in table[4]
    assert told["pid"] == pid
    assert before - 2 < told["gone_unix_ns"] / 1e9 < time.time()


def test_the_next_verb_says_once_that_the_last_state_is_there(answer, killed):
    """R4."""
    pid = killed()

    said = [answer(main.main, "doctor").stderr for _ in range(2)]

    assert said[0] == (
        f"pikos: process {pid} ended abruptly (killed, crashed or _exit); to see what it had "
        f"counted, run: pikos top {pid}\n"
    )
    assert said[1] == ""


def test_several_of_them_are_reported_in_one_line(answer, killed):
    killed()
    killed()

    said = [answer(main.main, "doctor").stderr for _ in range(2)]

    assert said[0] == (
        "pikos: 2 processes ended abruptly (killed, crashed or _exit); to see what they had "
        "counted, run: pikos ps\n"
    )
    assert said[1] == ""


def test_a_program_that_runs_without_a_terminal_prints_nothing_of_it(pikos, killed):
    killed()

    done = pikos("run", "-c", "print(1)")

    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_verb_without_a_target_names_what_is_gone_where_nothing_is_live(answer, killed):
    pid = killed()
    answer(main.main, "doctor")

    done = answer(main.main, "top", "--once")

    assert done.returncode == 2
    assert "name the PID of a program that is gone" in done.stderr
    assert str(pid) in done.stderr


def test_a_damaged_last_state_is_said_in_one_line(answer, killed):
    pid = str(killed())
    path = Path(gone_sessions()[0].path) / "ledger"
    path.write_bytes(path.read_bytes()[:1000])

    done = answer(main.main, "top", pid, "--once")

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert answer(main.main, "ps").returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_recording_of_a_killed_program_ends_with_every_call(killed, tmp_path, kind):
    """R4: also what was called after the last message: none is sent for a minute."""
    for number in range(FEWER_KILLS):
        path = tmp_path / f"{number}.pikos"
        killed(kind, CALLS + number, "--interval", "60", "--record", path)
        snapshot = wait_until(lambda: _ended(path), "the recording's end")  # noqa: B023

        assert calls_of(snapshot, KINDS[kind]) == CALLS + number
        assert snapshot.ended.startswith("gone without a goodbye at ")
        assert (snapshot.dropped, snapshot.complete) == (0, True)


def _ended(path):
    """The last state of a recording, once it has an end."""
    if not is_recording(path):  # its recorder is about to begin
        return None
    with Replay(path) as replay:
        snapshot = fold(replay)
    return snapshot if snapshot.ended is not None else None


def test_a_table_that_was_watched_ends_with_every_call(start):
    text = "profiler = RealTimeProfiler(interval=60); profiler.enable(); input(); work(7); "
    program = start(text + "os.kill(os.getpid(), signal.SIGKILL)")
    command = [sys.executable, "-m", "pikos", "top", str(program.session().pid), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as top:
        assert top.stdout.readline()
        program.go_on()
        *_, last = top.stdout.read().splitlines()

    told = json.loads(last)
    assert [row["calls"] for row in told["functions"] if row["name"] == "leaf"] == [7]
    assert told["ended"].startswith("gone without a goodbye at ")
