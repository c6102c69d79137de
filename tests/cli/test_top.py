"""``pikos top`` with and without a terminal."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios

import pytest
from support import hostile
from support.publisher import Publisher, until
from support.recordings import record
from support.session import PROGRAM, MadeUpSession

from pikos.cli import main, top
from pikos.cli.streams import BROKEN_PIPE
from pikos.publishing.session_directory import SessionDirectory


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Where there is no terminal, lines are this wide."""
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def publisher():
    with Publisher() as made:
        yield made


def options(*arguments):
    parser = argparse.ArgumentParser()
    top.configure(parser)
    return parser.parse_args(arguments)


def test_once_prints_the_present_state(publisher, pikos):
    done = pikos("top", publisher.address, "--once", "--sort", "calls")

    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert "process 4242: app.py" in lines[0]
    assert "▼calls" in lines[5]
    assert "Worker.work (worker.py:9)" in lines[6]
    assert lines[-2].startswith("MainThread")


def test_once_as_json_is_one_document(publisher, pikos):
    done = pikos("top", publisher.address, "--once", "--json", "--filter", "re:^main")

    (line,) = done.stdout.splitlines()
    assert [function["name"] for function in json.loads(line)["functions"]] == ["main"]


def test_without_a_terminal_a_table_is_printed_until_the_goodbye(publisher, pikos):
    publisher.after(40, lambda: publisher.bye("the end"))

    done = pikos("top", publisher.address, "--interval", "0.2", "--limit", "1")

    tables = done.stdout.strip().split("\n\n")
    assert done.returncode == 0
    assert len(tables) >= 3
    assert "ended: the end" in tables[-1]
    assert "ended" not in tables[0]
    assert all("app.py:3" in table and "worker.py:9" not in table for table in tables)


def test_without_a_terminal_json_has_a_line_for_each_picture(publisher, pikos):
    publisher.after(40, lambda: publisher.bye("the end"))

    done = pikos("top", publisher.address, "--json", "--interval", "0.2")

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) >= 3
    assert told[-1]["ended"] == "the end"
    assert told[0]["ended"] is None


def test_a_reader_that_has_seen_enough_ends_it_quietly(publisher, runtime):
    command = [sys.executable, "-m", "pikos", "top", publisher.address, "--interval", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()

    assert errors == b""
    assert process.returncode == BROKEN_PIPE


def test_an_interrupt_ends_it_quietly(publisher, runtime):
    command = [sys.executable, "-m", "pikos", "top", publisher.address, "--interval", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        errors = process.stderr.read()

    assert errors == b""
    assert process.returncode == 0


@pytest.mark.parametrize("mode", [[], ["--once"], ["--once", "--json"]])
def test_silence_is_an_error_in_the_end(monkeypatch, capsys, mode):
    monkeypatch.setattr(top, "WAIT_S", 0.1)

    with pytest.raises(top.SessionSilent, match=r"tcp://127.0.0.1:9 for 0.1 s"):
        top.run(options("tcp://127.0.0.1:9", "--interval", "0.02", *mode))

    assert capsys.readouterr().out == ""


def test_a_program_that_goes_without_a_goodbye_ends_it_with_the_last_state(monkeypatch, capsys):
    monkeypatch.setattr(top, "WAIT_S", 0.5)
    with Publisher() as publisher:
        publisher.after(10, lambda: setattr(publisher, "silent", True))

        with pytest.raises(top.SessionSilent, match="without a goodbye"):
            top.run(options(publisher.address, "--interval", "0.05"))

    assert "stale" in capsys.readouterr().out.split("\n\n")[-2]


def test_a_state_that_is_never_whole_is_printed_all_the_same(monkeypatch, capsys, publisher):
    monkeypatch.setattr(top, "WAIT_S", 0.3)
    publisher.skip_in_keyframes = True

    assert top.run(options(publisher.address, "--once")) == 0

    assert "not whole yet" in capsys.readouterr().out


def test_without_a_session_it_says_what_to_do(pikos):
    done = pikos("top")

    assert done.returncode == 2
    assert done.stderr == "pikos top: no session is live; start one with: pikos run SCRIPT\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["99999999"], "99999999"),
        (["/no/such/path"], "/no/such/path"),
        (["x://y"], "tcp://HOST:PORT"),
        (["1", "--filter", "re:("], "no regular expression"),
        (["1", "--sort", "colour"], "invalid choice"),
        (["1", "--limit", "0"], "at least 1"),
        (["1", "--limit", "x"], "at least 1"),
        (["1", "--interval", "nan"], "at least 0.01"),
        (["tcp://127.0.0.1:9", "--keys", "/no/keys"], "pikos keygen"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(answer, arguments, reason):
    done = answer(main.main, "top", *arguments)

    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--once"], ["--once", "--json"]])
def test_hostile_names_are_printed_as_escapes(pikos, arguments):
    text = "".join(hostile.NAMES[name] for name in hostile.NAMES if name not in {"long", "wide"})
    state = hostile.program(text)
    session = MadeUpSession(argv=[text, hostile.SURROGATES], host=text)

    with Publisher(state=state, session=session) as publisher:
        done = pikos("top", publisher.address, *arguments)

    assert done.returncode == 0
    assert len(done.stdout) > 500
    assert all(map(hostile.is_harmless, done.stdout.split("\n")))
    assert done.stderr == ""


def test_names_that_the_terminals_encoding_lacks_are_printed_as_escapes(publisher, pikos):
    done = pikos(
        "top", publisher.address, "--once", env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )

    assert done.returncode == 0
    assert "\\u25bc" in done.stdout


def test_on_a_terminal_the_table_is_live_and_q_leaves_it(publisher, terminal):
    screen = terminal("top", publisher.address)
    screen.until(b"Worker.work")
    before = publisher.sent

    until(lambda: publisher.sent > before + 5, "more messages")
    screen.press(b"q")

    assert screen.end() == 0
    assert b"\x1b[?1049l" in screen.seen


def test_without_colours_the_screen_has_none(publisher, terminal):
    screen = terminal("top", publisher.address, NO_COLOR="1")
    screen.until(b"Worker.work")
    screen.press(b"g")
    screen.until(b"all calls")
    screen.press(b"q")

    assert screen.end() == 0
    sequences = re.findall(rb"\x1b\[([0-9;]*)m", screen.seen)
    assert b"7" in sequences
    assert not any(re.search(rb"(^|;)([349][0-7]|10[0-7]|[34]8)(;|$)", told) for told in sequences)


def test_keys_change_what_is_seen(publisher, terminal):
    screen = terminal("top", publisher.address, "--interval", "0.05")
    screen.until(b"Worker.work")

    screen.press(b"?")
    screen.until(b"leave; the program is not disturbed")
    screen.press(b"o")
    screen.until(b"open calls: age and function of each")
    screen.press(b"f/sleep\n")
    screen.until(b"with sleep")
    screen.press(b"\x1b[B\x1b[A")
    screen.press(b"p")
    screen.until(b"paused")
    screen.press(b"Q")

    assert screen.end() == 0


def test_without_textual_the_table_is_plain_and_says_what_to_install(publisher, terminal, tmp_path):
    (tmp_path / "textual.py").write_text("raise ImportError('not here')")
    screen = terminal("top", publisher.address, "--interval", "0.05", PYTHONPATH=str(tmp_path))

    told = screen.until(b"pip install 'pikos[tui]'")
    again = screen.until(b"pip install 'pikos[tui]'")
    screen.process.send_signal(signal.SIGINT)

    assert b"Worker.work (worker.py:9)" in told
    assert again.startswith(b"\x1b[H") or b"\x1b[H" in again
    assert screen.end() == 0
    assert screen.seen.rstrip().endswith(b"\x1b[?1049l")


@pytest.fixture
def recording(tmp_path):
    session = MadeUpSession()
    record(tmp_path / "a.pikos", [*session.keyframe(**PROGRAM), session.bye("the end")])
    return str(tmp_path / "a.pikos")


@pytest.mark.parametrize("verb", ["replay", "top"])
def test_without_textual_a_recording_ends_with_its_last_state(terminal, tmp_path, recording, verb):
    """P38: no loop at the end that has nothing to wait for."""
    (tmp_path / "textual.py").write_text("raise ImportError('not here')")

    screen = terminal(verb, recording, PYTHONPATH=str(tmp_path))

    assert screen.end() == 0
    _, _, last = screen.seen.rpartition(b"\x1b[?1049l")
    assert b"ended" in last
    assert b"work" in last


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
@pytest.mark.parametrize("verb", ["replay", "top"])
def test_a_terminal_without_escape_sequences_gets_plain_lines(terminal, recording, verb, term):
    """P13."""
    screen = terminal(verb, recording, TERM=term)

    assert screen.end() == 0
    assert b"work" in screen.seen
    assert b"\x1b" not in screen.seen


def test_a_live_table_has_plain_lines_there(terminal, tmp_path):
    """P13."""
    os.mkfifo(tmp_path / "go")
    text = "def work(): open('go').read()\nprint('of the program', flush=True)\nwork()"

    screen = terminal("run", "--live", "-c", text, cwd=tmp_path, TERM="dumb")
    screen.until(b" work ")
    (tmp_path / "go").write_text("")

    assert screen.end() == 0
    assert b"of the program\r\n" in screen.seen
    assert b"\x1b" not in screen.seen


@pytest.mark.parametrize("options", [[], ["--once"], ["--json"]])
def test_a_recording_of_nothing_is_an_error(tmp_path, capsys, options):
    record(tmp_path / "a.pikos", [])

    assert main.main(["replay", str(tmp_path / "a.pikos"), *options]) == 2

    assert "nothing is recorded in it" in capsys.readouterr().err


@pytest.fixture
def two_sessions(publisher, runtime):
    made = [SessionDirectory.make() for _ in range(2)]
    for at, directory in enumerate(made):
        directory.announce(publisher.address, ["app.py", str(at)], at)
    yield
    for directory in made:
        directory.remove()


def test_several_sessions_are_there_to_choose_from(two_sessions, terminal):
    screen = terminal("top")

    screen.until(b"all profiles together")
    screen.press(b"\x1b[B\r")
    screen.until(b"Worker.work")
    screen.press(b"P")
    screen.until(b"all profiles together")
    screen.press(b"q")

    assert screen.end() == 0


def test_without_a_terminal_several_sessions_are_listed(two_sessions, pikos):
    done = pikos("top")

    assert done.returncode == 2
    assert "several sessions are live; name the PID of one:" in done.stderr


def test_the_goodbye_leaves_the_last_state_on_the_terminal(publisher, terminal):
    screen = terminal("top", publisher.address)
    screen.until(b"Worker.work")

    publisher.bye("the end")

    assert screen.end() == 0
    left = screen.seen.partition(b"\x1b[?1049l")[2]
    assert b"ended: the end" in left
    assert b"Worker.work (worker.py:9)" in left


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_puts_the_terminal_in_order(publisher, terminal, number, status):
    screen = terminal("top", publisher.address)
    screen.until(b"Worker.work")

    screen.process.send_signal(number)

    assert screen.end() == status
    assert b"\x1b[?1049l" in screen.seen
    assert b"Traceback" not in screen.seen


def test_a_terminal_may_be_tiny_and_change_its_size(publisher, terminal):
    screen = terminal("top", publisher.address, lines=2, columns=7)
    screen.until(b"q quit"[:5])

    size = struct.pack("HHHH", 30, 100, 0, 0)
    fcntl.ioctl(screen.primary, termios.TIOCSWINSZ, size)
    screen.process.send_signal(signal.SIGWINCH)
    screen.until(b"Worker.work")
    screen.press(b"q")

    assert screen.end() == 0


def test_hostile_names_do_nothing_to_a_terminal(terminal):
    text = "".join(hostile.NAMES[name] for name in ("title", "clipboard", "device control", "c1"))

    with Publisher(
        state=hostile.program(text), session=MadeUpSession(argv=[text], host=text)
    ) as publisher:
        screen = terminal("top", publisher.address)
        for key in (b"o", b"t", b"f"):
            screen.until(b"52;c")
            screen.press(key)
        screen.press(b"q")
        screen.end()

    for harm in (b"\x1b]0", b"\x1b]5", b"\x1bP", b"\x9b", b"\x9d", b"\xc2\x9b", b"\xc2\x9d"):
        assert harm not in screen.seen
    assert b"\x07owned" not in screen.seen
