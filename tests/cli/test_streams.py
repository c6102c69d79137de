"""Standard streams that are closed, full, gone or ASCII: no traceback, and the right status."""

from __future__ import annotations

import os
import pstats
import re
import subprocess
import sys

import pytest
from support.deadlines import DEADLINE_S

from pikos.cli.streams import BROKEN_PIPE

PIKOS = ("-m", "pikos")
PIKOS_RUN = ("-m", "pikos.runner")
CLOSED = {"output": ">&-", "errors": "2>&-", "all": "<&- >&- 2>&-"}
ASCII = {"PYTHONIOENCODING": "ascii"}
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
EXIT = "import sys; sys.exit(5)"
CLOSED_ERRORS = "import sys; sys.stderr.close(); sys.exit(5)"
DELETED = "import sys; del sys.stdout, sys.stderr; sys.exit(5)"
CLOSED_DESCRIPTOR = "import os, sys; os.close(2); sys.exit(5)"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A directory with a program, and a recording and a pstats file of it."""
    directory = tmp_path_factory.mktemp("recorded")
    (directory / "script.py").write_text("def größe(): return sum(range(9))\ngröße()", "utf-8")
    subprocess.run(
        [sys.executable, *PIKOS, "run", "--record", "a.pikos", "-o", "a.pstats", "script.py"],
        cwd=directory,
        env=os.environ | {"XDG_RUNTIME_DIR": str(directory)},
        timeout=DEADLINE_S,
        check=True,
    )
    return directory


@pytest.fixture
def shell(recorded, runtime):
    """Start this interpreter from a shell, which can close streams, and wait for it."""

    def run(*words, before="", streams="", stdout=subprocess.PIPE, **environment):
        return subprocess.run(
            ["bash", "-c", f'{before} "$0" "$@" {streams}', sys.executable, *words],
            cwd=recorded,
            env=os.environ | environment,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=DEADLINE_S,
            check=False,
        )

    return run


def functions(path):
    return {name for _, _, name in pstats.Stats(str(path)).stats}


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [
        ("ps", ""),
        ("ps", "1"),
        ("keygen keys", "1"),
        ("doctor", ""),
        ("diff a.pikos a.pikos", ""),
        ("report a.pikos --html -o out.html", ""),
        ("top a.pikos", ""),
        ("replay a.pikos --once --json", ""),
        ("export --help", ""),
        ("run --help", ""),
    ],
)
def test_a_reader_that_has_gone_ends_a_verb_as_it_ends_cat(shell, words, unbuffered):
    """P7: silently, with the status of a broken pipe."""
    read_end, write_end = os.pipe()
    os.close(read_end)

    done = shell(*PIKOS, *words.split(), stdout=write_end, PYTHONUNBUFFERED=unbuffered)
    os.close(write_end)

    assert (done.returncode, done.stderr) == (BROKEN_PIPE, b"")


def test_a_reader_that_has_gone_leaves_a_program_its_status(shell):
    """P7: records on the screen are the monitor's; the program did not write them."""
    read_end, write_end = os.pipe()
    os.close(read_end)

    done = shell(*PIKOS_RUN, "functions", "-c", EXIT, stdout=write_end)
    os.close(write_end)

    assert (done.returncode, done.stderr) == (5, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("words", ["ps", "top a.pikos", "export --help"])
def test_output_that_cannot_be_written_is_an_error_in_one_line(shell, words):
    """P7."""
    done = shell(*PIKOS, *words.split(), streams=">/dev/full")

    assert done.returncode == 1
    assert re.fullmatch(rb"pikos \w+: .*No space left on device\n", done.stderr)


@pytest.mark.parametrize(
    "words", ["diff a.pikos a.pikos", "export --help", "run --help", "top a.pikos"]
)
def test_characters_that_ascii_has_not_are_written_as_escapes(shell, words):
    """P8."""
    done = shell(*PIKOS, *words.split(), **ASCII)

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"\\" in done.stdout


def test_errors_are_written_in_ascii(shell):
    """P8."""
    done = shell(*PIKOS, "top", "größe", **ASCII)

    assert done.returncode == 2
    assert b"gr\\xf6\\xdfe" in done.stderr


def test_a_function_whose_name_is_not_ascii_is_focused_on_in_the_c_locale(shell):
    """P8."""
    done = shell(*PIKOS_RUN, "functions", "--focused-on", "größe", "script.py", **C_LOCALE)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"gr\\xf6\\xdfe" in done.stdout


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("words", ["ps", "top a.pikos", "diff a.pikos a.pikos"])
def test_a_verb_does_without_streams(shell, words, closed):
    """P11."""
    done = shell(*PIKOS, *words.split(), streams=CLOSED[closed])

    assert (done.returncode, done.stderr) == (0, b"")


def test_an_error_is_not_printed_as_output_where_errors_are_closed(shell):
    """P11."""
    done = shell(*PIKOS, "top", "nowhere", streams=CLOSED["errors"])

    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


def test_a_monitor_without_output_asks_for_a_file(shell):
    """P11."""
    done = shell(*PIKOS_RUN, "functions", "script.py", streams=CLOSED["output"])

    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"give -o FILE" in done.stderr


@pytest.mark.parametrize("streams", CLOSED)
def test_a_program_without_streams_is_profiled_and_recorded(shell, recorded, streams):
    """P11, P40: its status, the profile whole, the recording whole."""
    text = "def work(): pass\nwork()\n" + EXIT

    done = shell(
        *(*PIKOS, "run", "-o", "o.pstats", "--record", "o.pikos", "-s", "calls", "-c", text),
        streams=CLOSED[streams],
    )
    replayed = shell(*PIKOS, "replay", "o.pikos", "--once")

    assert done.returncode == 5
    assert "work" in functions(recorded / "o.pstats")
    assert (replayed.returncode, replayed.stderr) == (0, b"")
    assert b"work" in replayed.stdout


@pytest.mark.parametrize("text", [CLOSED_ERRORS, DELETED, CLOSED_DESCRIPTOR])
@pytest.mark.parametrize("profiled", [True, False], ids=["profile", "records"])
def test_a_program_that_takes_its_streams_away_has_its_profile_and_its_status(
    shell, recorded, text, profiled
):
    """P11, P40."""
    text = "def work(): pass\nwork()\n" + text

    if profiled:
        done = shell(*PIKOS, "run", "-o", "gone.pstats", "-s", "calls", "-c", text)
        names = functions(recorded / "gone.pstats")
    else:
        options = ("--recording", "csv", "-o", "gone.csv")
        done = shell(*PIKOS_RUN, "functions", *options, "-c", text)
        names = (recorded / "gone.csv").read_text()

    assert done.returncode == 5
    assert b"Traceback" not in done.stderr
    assert "work" in names


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("pikos run -o out.pstats -c pass", 1),
        ("pikos run script.py", 1),
        ("pikos.runner functions --recording csv -c pass", 1),
        ("pikos export {}/a.pikos -f csv -o out.csv", 1),
        ("pikos top 99999999", 2),
        ("pikos top nowhere", 2),
        ("pikos run -o {}/away.pstats -c pass", 0),
        ("pikos ps", 0),
    ],
)
def test_a_working_directory_that_was_removed_costs_one_line_at_most(
    shell, recorded, words, status
):
    """P21."""
    module, *rest = words.format(recorded).split()

    done = shell("-m", module, *rest, before="mkdir gone; cd gone; rmdir ../gone;")

    assert done.returncode == status
    assert done.stderr.count(b"\n") == (status > 0)
    assert b"Traceback" not in done.stderr
