"""``pikos record``, ``--record``, and ``pikos replay``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from support import hostile
from support.deadlines import DEADLINE_S
from support.publisher import Publisher, until
from support.recordings import fold, record as record_frames
from support.session import PROGRAM, MadeUpSession

from pikos.cli import record, replay, top
from pikos.cli.main import main
from pikos.errors import RecordingError, SessionSilent, WrongInput
from pikos.recording import Replay
from pikos.recording.container import HEADER_SIZE

BY_CALLS = ("--sort", "calls")


@pytest.fixture
def publisher():
    with Publisher() as made:
        yield made


@pytest.fixture
def recording(tmp_path):
    """A short recording."""
    session = MadeUpSession()
    frames = [*session.keyframe(**PROGRAM)]
    frames += [session.rows(stat=[(2, calls, 0, 0, 0, 0)]) for calls in range(100, 110)]
    return record_frames(tmp_path / "session.pikos", [*frames, session.bye("the end")])


def do(verb, *arguments):
    """Run a verb in this process."""
    parser = argparse.ArgumentParser()
    verb.configure(parser)
    return verb.run(parser.parse_args([str(argument) for argument in arguments]))


def told(path):
    with Replay(path) as messages:
        return fold(messages)


def test_a_program_is_recorded_until_its_goodbye(publisher, tmp_path):
    publisher.after(30, lambda: publisher.bye("the end"))

    status = do(record, publisher.address, "-o", tmp_path / "x")

    snapshot = told(tmp_path / "x")
    assert status == 0
    assert snapshot.ended == "the end"
    assert snapshot.complete
    assert snapshot.functions[2].name == "work"


def test_an_interrupt_ends_a_recording_in_order(publisher, tmp_path, runtime):
    path = tmp_path / "x"
    command = [sys.executable, "-m", "pikos", "record", publisher.address, "-o", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        until(lambda: path.exists() and path.stat().st_size > 4000, "a recording")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)

    assert (process.returncode, errors) == (0, b"")
    assert told(path).complete


def test_a_program_that_goes_without_a_goodbye_ends_its_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "WAIT_S", 0.1)
    monkeypatch.setattr(record, "LOOK_S", 0.02)
    publisher = Publisher()
    publisher.after(20, threading.Thread(target=publisher.close).start)

    with pytest.raises(SessionSilent, match="what was heard is recorded"):
        do(record, publisher.address, "-o", tmp_path / "x")

    assert told(tmp_path / "x").complete


def test_nobody_to_record_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "WAIT_S", 0.1)
    monkeypatch.setattr(record, "LOOK_S", 0.02)

    with pytest.raises(SessionSilent, match="is it still running"):
        do(record, "tcp://127.0.0.1:9", "-o", tmp_path / "x")


def test_what_is_watched_can_be_recorded(publisher, tmp_path, capsys):
    publisher.after(30, lambda: publisher.bye("the end"))

    status = do(top, publisher.address, "--record", tmp_path / "x", "--interval", "0.1")

    assert status == 0
    assert "ended: the end" in capsys.readouterr().out
    assert told(tmp_path / "x").ended == "the end"


def test_a_recording_that_cannot_be_written_is_told_once(publisher, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("pikos.recording.writer._write", write_a_header_only)
    publisher.after(30, lambda: publisher.bye("the end"))

    status = do(top, publisher.address, "--record", tmp_path / "x", "--interval", "0.1")

    assert status == 1
    assert capsys.readouterr().err == (
        f"pikos top: {tmp_path / 'x'}: No space left on device; the 0 messages before that are "
        "kept\n"
    )


def write_a_header_only(descriptor, data):
    if len(data) > HEADER_SIZE:
        raise OSError(28, "No space left on device")
    os.write(descriptor, data)


def test_a_recording_is_not_recorded_again(recording, tmp_path):
    """P41: the error names what was given."""
    with pytest.raises(RecordingError, match="recorded already"):
        do(top, recording, "--record", tmp_path / "x")
    with pytest.raises(WrongInput, match=f"{recording} is a recording; expected a process"):
        do(record, recording, "-o", tmp_path / "x")


@pytest.mark.parametrize("verb", [top, replay])
def test_a_recording_is_shown_as_its_program_was(recording, capsys, verb):
    assert do(verb, recording, "--once") == 0

    lines = capsys.readouterr().out
    assert "process 4242: app.py" in lines
    assert "ended: the end" in lines
    assert " 109 " in lines


def test_a_recording_is_shown_at_its_pace_to_its_end(recording, capsys):
    assert do(replay, recording, "--speed", "5", "--json", "--interval", "0.05", *BY_CALLS) == 0

    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    calls = [one["functions"][0]["calls"] for one in shown]
    assert len(calls) > 2
    assert calls == sorted(calls)
    assert calls[-1] == 109


def test_one_moment_of_a_recording_can_be_shown(recording, capsys):
    do(replay, recording, "--once", "--json", "--at", "1.15", *BY_CALLS)

    shown = json.loads(capsys.readouterr().out)
    assert shown["functions"][0]["calls"] == 103
    assert shown["ended"] is None


def test_a_replay_may_begin_late(recording, capsys):
    do(replay, recording, "--at", "1.95", "--json", "--interval", "0.05", *BY_CALLS)

    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["functions"][0]["calls"] >= 109


@pytest.mark.parametrize("verb", [top, replay])
def test_where_a_recording_is_cut_off_is_said(recording, capsys, verb):
    recording.write_bytes(recording.read_bytes()[:-10])

    assert do(verb, recording, "--once") == 0

    output = capsys.readouterr()
    assert " 109 " in output.out
    assert "cut off within the message at byte" in output.err


def test_a_recording_of_nothing_is_an_error(recording):
    recording.write_bytes(recording.read_bytes()[:16])

    with pytest.raises(RecordingError, match="nothing is recorded in it"):
        do(replay, recording, "--once")


def test_hostile_names_in_a_recording_are_shown_as_escapes(tmp_path, capsys):
    text = "".join(hostile.NAMES[name] for name in hostile.NAMES if name not in {"long", "wide"})
    session = MadeUpSession(argv=[text], host=text)
    path = record_frames(tmp_path / "x", session.keyframe(**hostile.program(text)))

    do(replay, path, "--once")

    shown = capsys.readouterr().out
    assert len(shown) > 500
    assert all(map(hostile.is_harmless, shown.split("\n")))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["replay", "absent"], "does not exist; expected a recording"),
        (["replay", "noise"], "noise is a binary file of an unknown kind; expected a recording"),
        (["replay", "noise", "--speed", "0"], "2 twice as fast"),
        (["replay", "noise", "--at", "-1"], "at least 0"),
        (["record", "1"], "-o"),
        (["record", "tcp://127.0.0.1:9", "-o", "noise"], "name another file, or remove it"),
        (["record", "-o", "x"], "no session is live"),
        (["record", "noise", "-o", "x"], "noise is a binary file of an unknown kind; expected"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(
    tmp_path, monkeypatch, capsys, runtime, arguments, reason
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise").write_bytes(os.urandom(100))

    try:
        status = main(arguments)
    except SystemExit as error:
        status = error.code

    output = capsys.readouterr()
    assert status == 2
    assert reason in output.err
    assert output.out == ""


def test_a_program_that_cannot_be_recorded_is_not_run(pikos, tmp_path):
    (tmp_path / "noise").write_bytes(b"precious")

    done = pikos("run", "--record", "noise", "-c", "print('it ran')")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pikos run: noise: it is there, and no recording")


def test_a_program_is_recorded_from_its_start(pikos, tmp_path):
    program = "def work(): pass\nfor _ in range(1000): work()\nprint('done')"

    done = pikos("run", "--record", "x.pikos", "-c", program)

    snapshot = told(tmp_path / "x.pikos")
    (work,) = [one for one in snapshot.functions.values() if one.qualified_name == "work"]
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    assert snapshot.stats[work.id].callcount == 1000
    assert snapshot.complete
    assert snapshot.ended is not None
