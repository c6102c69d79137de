"""``pikos run --live``: what the program writes stays readable."""

from __future__ import annotations

import os
import signal

import pytest

from pikos.cli import kept_output

TALKS = """
import sys
def main():
    print("\\x1b[32mhello\\x1b[0m", flush=True)
    print("oops", file=sys.stderr, flush=True)
    input()
    print("and more")
main()
"""


MOUSE = b"\x1b[?1000h"
"""Textual has the terminal."""


@pytest.fixture
def talking(terminal, runtime, tmp_path):
    """A program that talks under a live table, and goes on when a line of input is there."""

    def start(*arguments, **environment):
        (tmp_path / "talk.py").write_text(TALKS.replace("input()", 'open("go").read()'))
        os.mkfifo(tmp_path / "go")
        screen = terminal("run", "--live", *arguments, cwd=tmp_path, **environment)
        screen.until(MOUSE)
        screen.until(b"<module>")
        return screen

    return start


def after_the_table(screen):
    """What is on the terminal once the table is gone."""
    return screen.seen.rpartition(b"\x1b[?1049l")[2].replace(b"\r\n", b"\n")


def test_what_the_program_writes_is_kept_shown_and_then_written(talking, tmp_path):
    screen = talking("talk.py")

    screen.press(b"O")
    screen.until(b"oops")
    (tmp_path / "go").write_text("")

    assert screen.end() == 0
    told = after_the_table(screen)
    assert told.startswith(b"\x1b[32mhello\x1b[0m\noops\nand more\n")
    assert b"ended: the session was closed" in told


def test_without_the_table_the_program_goes_on_and_writes_as_ever(talking, tmp_path):
    screen = talking("talk.py")

    screen.press(b"q")
    screen.until(b"\x1b[32mhello\x1b[0m\r\noops\r\n")
    (tmp_path / "go").write_text("")

    assert screen.end() == 0
    assert after_the_table(screen) == b"\x1b[32mhello\x1b[0m\noops\nand more\n"


def test_a_program_that_goes_on_after_a_stop_gets_no_second_table(talking, tmp_path):
    """V7: Ctrl-Z and fg after the table was left."""
    screen = talking("talk.py")
    screen.press(b"q")
    screen.until(b"\x1b[32mhello\x1b[0m\r\noops\r\n")

    os.killpg(screen.process.pid, signal.SIGCONT)
    (tmp_path / "go").write_text("")

    assert screen.end() == 0
    assert after_the_table(screen) == b"\x1b[32mhello\x1b[0m\noops\nand more\n"


def test_control_c_interrupts_the_program_and_its_last_words_are_seen(talking):
    screen = talking("talk.py")

    screen.press(b"\x03")

    assert screen.end() == -signal.SIGINT
    assert b"KeyboardInterrupt" in after_the_table(screen)


def test_a_program_that_is_killed_takes_the_table_along(talking):
    screen = talking("talk.py")

    screen.process.kill()

    screen.until(b"\x1b[32mhello\x1b[0m\r\noops\r\n")
    assert screen.end() == -signal.SIGKILL


READS = {
    "input": "input()",
    "read": "sys.stdin.read() or ends()",
    "lines": "next(sys.stdin)",
    "descriptor": "os.read(0, 100) or ends()",
    "child": "subprocess.check_output(['cat']) or ends()",
}


@pytest.mark.parametrize("how", READS)
def test_a_program_that_reads_the_keyboard_is_at_the_end_of_its_input(terminal, tmp_path, how):
    """V7: at once and always; every key is the table's."""
    (tmp_path / "read.py").write_text(f"""
import os, subprocess, sys, time
def ends():
    raise EOFError
def main():
    try:
        got = {READS[how]}
    except (EOFError, StopIteration):
        got = "nothing"
    print(f"got {{got!r}}, {{os.isatty(0)}}", flush=True)
    while not os.path.exists("go"):
        time.sleep(0.01)
main()
""")
    screen = terminal("run", "--live", "read.py", cwd=tmp_path)
    screen.until(MOUSE)
    screen.press(b"O")
    screen.until(b"got 'nothing', False")
    for key in b"??gff":  # none of them is the program's
        screen.press(bytes([key]))
    screen.press(b"m")
    screen.until(b"resident memory")
    (tmp_path / "go").touch()

    assert screen.end() == 0
    assert after_the_table(screen).startswith(b"got 'nothing', False\n")


@pytest.fixture
def kept(tmp_path):
    """A file that keeps output, and its descriptor."""
    path = tmp_path / "kept"
    path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    yield path, descriptor
    os.close(descriptor)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("a\r\nb", ("a", "b")),
        ("a\nb\n", ("a", "b")),
        ("\x1b[1;31mred\x1b[0m\n", ("red",)),
        ("\x1b]0;owned\x07\n", ("\x1b]0;owned\x07",)),
    ],
)
def test_the_newest_lines_are_told_without_colours(kept, text, lines):
    path, descriptor = kept
    path.write_bytes(text.encode())

    assert kept_output.tail(descriptor) == lines


def test_only_the_newest_output_is_read(kept):
    path, descriptor = kept
    path.write_bytes(b"x\n" * kept_output.TAIL)

    assert len(kept_output.tail(descriptor)) == kept_output.TAIL // 2


def test_all_that_was_kept_is_written_once(kept, capfdbinary):
    path, descriptor = kept
    path.write_bytes(b"\xff first\n")
    more = iter([b"second\n", b"third\n"])

    def listen():
        text = next(more, None)
        with path.open("ab") as file:
            file.write(text or b"last\n")
        return text is not None

    kept_output.follow(descriptor, listen)

    assert capfdbinary.readouterr().out == b"\xff first\nsecond\nthird\nlast\n"
