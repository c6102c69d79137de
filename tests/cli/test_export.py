"""``pikos export`` and ``pikos report``."""

from __future__ import annotations

import json
import os
import pstats
import sys

import pytest
from support.deadlines import DEADLINE_S
from support.publisher import Publisher
from support.recordings import record
from support.session import PROGRAM, MadeUpSession

from pikos.cli import state
from pikos.cli.main import main
from pikos.export.formats import FORMATS
from pikos.recording import RecordingWriter
from pikos.wire.codec import encode_hello, encode_rows
from pikos.wire.messages import Block
from pikos.wire.tables import RECORDING, Column, Table


@pytest.fixture
def recording(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = MadeUpSession()
    record("session.pikos", [*session.keyframe(**PROGRAM), session.bye("the end")])
    return "session.pikos"


def told(capsys, *arguments):
    """Status, output and errors of a command line."""
    try:
        status = main(arguments)
    except SystemExit as error:
        status = error.code
    return status, *capsys.readouterr()


@pytest.mark.parametrize("name", FORMATS)
def test_a_recording_is_exported(recording, capsys, name):
    assert told(capsys, "export", recording, "-f", name, "-o", "out") == (0, "", "")

    assert os.path.getsize("out") > 100
    assert sorted(os.listdir()) == ["out", "session.pikos"]


def test_a_running_program_is_exported_as_it_is(recording, capsys):
    with Publisher() as publisher:
        done = told(capsys, "export", publisher.address, "-f", "pstats", "-o", "out")

    assert done == (0, "", "")
    assert pstats.Stats("out").total_calls == 16


def test_open_calls_are_exported_unless_they_are_left_out(recording, capsys):
    """V1, R2: every caller has a row, with or without its time so far."""
    main = ("/src/app.py", 3, "main")
    assert told(capsys, "export", recording, "-f", "pstats", "-o", "out") == (0, "", "")
    done = told(capsys, "export", recording, "-f", "pstats", "-o", "less", "--returned-only")
    assert done == (0, "", "")

    assert pstats.Stats("out").stats[main] == (0, 0, 5.995, 9.0, {})
    assert pstats.Stats("less").stats[main] == (0, 0, 0.0, 0.0, {})
    assert pstats.Stats("less").stats["/src/worker.py", 9, "work"][:4] == (6, 10, 0.003, 0.005)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_says_that_there_are_open_calls(recording, capsys, name):
    """V1: as far as it has a place for it."""
    assert told(capsys, "export", recording, "-f", name, "-o", "out") == (0, "", "")
    done = told(capsys, "export", recording, "-f", name, "-o", "less", "--returned-only")
    assert done == (0, "", "")

    said = {
        "csv": b",9000000000,1\r\n",
        "json": b"[1, 0, 0, 0, 5995000000, 9000000000, 1]",
        "pstats": b"",  # has no place for it
        "collapsed": b"",  # nor this
    }.get(name, b"3 open calls counted so far")
    with open("out", "rb") as out, open("less", "rb") as less:
        content, without = out.read(), less.read()
    assert content != without
    assert said in content
    assert not said or said not in without


def test_a_report_is_named_after_its_recording(recording, capsys):
    done = told(capsys, "report", recording, "--html")

    assert done == (0, f"{os.getcwd()}/session.html\n", "")
    with open("session.html", encoding="utf-8") as file:
        assert file.read().startswith("<!DOCTYPE html>")


def test_a_recording_that_is_cut_off_is_exported_and_that_is_said(recording, capsys):
    os.truncate(recording, os.path.getsize(recording) - 5)

    status, _, errors = told(capsys, "export", recording, "-f", "json", "-o", "out")

    assert status == 0
    assert errors.startswith("pikos export: session.pikos: cut off within the message at byte")
    with open("out", encoding="utf-8") as file:
        assert json.load(file)["ended"] is None


def test_of_several_sessions_the_one_heard_last_is_exported_and_that_is_said(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    sessions = [MadeUpSession(bytes([number] * 16), pid=number) for number in (1, 2)]
    record("two.pikos", [frame for one in sessions for frame in one.keyframe(**PROGRAM)])

    status, _, errors = told(capsys, "export", "two.pikos", "-f", "json", "-o", "out")

    assert status == 0
    assert errors == "pikos export: two.pikos: of 2 sessions this is the one heard last\n"
    with open("out", encoding="utf-8") as file:
        assert json.load(file)["hello"]["pid"] == 2


def test_what_was_there_is_there_still_if_the_export_fails(recording, capsys, monkeypatch):
    monkeypatch.setattr("pikos.export.formats.SIZE_MAX", 1000)
    with open("out", "w", encoding="utf-8") as file:
        file.write("precious")

    status, output, errors = told(capsys, "export", recording, "-f", "html", "-o", "out")

    assert (status, output) == (2, "")
    assert "cannot export as html" in errors
    with open("out", encoding="utf-8") as file:
        assert file.read() == "precious"
    assert sorted(os.listdir()) == ["out", "session.pikos"]


def test_all_records_of_a_recording_are_exported(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    session = MadeUpSession(publishes="records")
    declared = Table(65, "Record", "append", (), (Column("index", "i64"),))
    frames = [encode_hello(session.stamp(), session.facts, [RECORDING, declared])]
    for begin in range(1, 25_000, 5_000):
        blocks = [
            Block.of(RECORDING, [(65, begin + 4_999, begin + 4_999, 0, 0)]),
            Block.of(declared, [(index,) for index in range(begin, begin + 5_000)]),
        ]
        frames.append(encode_rows(session.stamp(), blocks))
    record("records.pikos", [*frames[:3], *frames[4:]])

    status, _, errors = told(capsys, "export", "records.pikos", "-f", "csv", "-o", "out")

    assert status == 0
    assert errors.startswith("pikos export: 5,000 records are missing")
    with open("out", encoding="utf-8") as file:
        assert [line.strip() for line in file] == [
            "index",
            *(str(index) for index in range(1, 25_001) if not 10_001 <= index <= 15_000),
        ]


def test_silence_is_an_error(recording, capsys, monkeypatch):
    monkeypatch.setattr(state, "WAIT_S", 0.1)

    status, _, errors = told(capsys, "export", "tcp://127.0.0.1:9", "-f", "csv", "-o", "out")

    assert status == 1
    assert "nothing heard from tcp://127.0.0.1:9" in errors
    assert not os.path.exists("out")


def test_a_state_that_comes_late_is_waited_for_while_there_is_something_to_hear(
    recording, capsys, monkeypatch
):
    monkeypatch.setattr(state, "WAIT_S", 2.0)
    with Publisher() as publisher:
        publisher.skip_in_keyframes = True
        publisher.after(150, lambda: setattr(publisher, "skip_in_keyframes", False))

        done = told(capsys, "export", publisher.address, "-f", "pstats", "-o", "out")

    assert done == (0, "", "")
    assert pstats.Stats("out").total_calls == 16


@pytest.mark.parametrize("verb", [["export", "-f", "speedscope"], ["report", "--html"]])
@pytest.mark.parametrize("ends", [False, True])
def test_a_state_that_was_heard_in_part_is_an_error(recording, capsys, monkeypatch, verb, ends):
    monkeypatch.setattr(state, "WHOLE_WAIT_S", DEADLINE_S if ends else 0.5)
    monkeypatch.setattr(state, "WAIT_S", 2.0)
    with Publisher() as publisher:
        publisher.skip_in_keyframes = True
        publisher.after(150 if ends else sys.maxsize, publisher.bye)

        status, output, errors = told(capsys, *verb, publisher.address, "-o", "out")

    assert (status, output) == (1, "")
    assert f"{publisher.address}: only a part of its state was heard" in errors
    assert ("it has ended" in errors) is ends
    assert not os.path.exists("out")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["export", "session.pikos", "-f", "csv"], "-o"),
        (["export", "session.pikos", "-o", "out"], "-f"),
        (["export", "session.pikos", "-f", "xls", "-o", "out"], "invalid choice"),
        (["export", "session.pikos", "-f", "csv", "-o", "."], "it is a directory"),
        (["export", "session.pikos", "-f", "csv", "-o", "no/out"], "there is no directory"),
        (["export", "session.pikos", "-f", "csv", "-o", "/dev/full"], "No space left"),
        (["export", "absent", "-f", "csv", "-o", "out"], "absent does not exist"),
        (["export", "empty.pikos", "-f", "csv", "-o", "out"], "nothing is recorded in it"),
        (["export", "-f", "csv", "-o", "out"], "no session is live"),
        (["report", "99999999", "--html"], "no live session"),
        (["report", "absent.pikos"], "absent.pikos does not exist"),
        (["report"], "name the file to write"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(
    recording, runtime, capsys, arguments, reason
):
    with RecordingWriter("empty.pikos"):
        pass

    status, output, errors = told(capsys, *arguments)

    assert (status, output) == (2, "")
    assert reason in errors
    assert not os.path.exists("out")


def test_the_help_names_every_format(capsys):
    status, output, _ = told(capsys, "export", "--help")

    assert status == 0
    assert all(f"  {name} " in output for name in FORMATS)
