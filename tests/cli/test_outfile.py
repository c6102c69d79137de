"""What ``-o`` names: standard output for ``-``, and any name that a file can have: P12, P25."""

from __future__ import annotations

import io
import json
import marshal
import os
import pstats
import subprocess
import sys
from types import SimpleNamespace

import pytest
from support.deadlines import DEADLINE_S, LONG_DEADLINE_S
from support.recordings import record
from support.session import PROGRAM, MadeUpSession

from pikos.cli import execution, ledger_saver, main, pikos_run
from pikos.cli.whole_file import why_not_written
from pikos.recorders.api import CSVFileRecorder, TextFileRecorder

PRINTS = "print('of the program')\ndef work(): pass\nwork()\n"
LONGEST = 255
VERBS = {
    "export": ["export", "a.pikos", "-f", "csv", "-o", "{}"],
    "export pstats": ["export", "a.pikos", "-f", "pstats", "-o", "{}"],
    "report": ["report", "a.pikos", "--html", "-o", "{}"],
    "diff": ["diff", "a.pikos", "a.pikos", "--flame", "{}"],
    "plot": ["plot", "a.csv", "-o", "{}"],
}
"""The verbs that write a file and run no program."""
RUNS = {
    "pikos run": ["pikos", "run", "-o", "{}", "script.py"],
    "pikos run --monitor": ["pikos", "run", "--monitor", "functions", "-o", "{}", "script.py"],
    "pikos-run text": ["pikos.runner", "functions", "--recording", "text", "-o", "{}", "script.py"],
    "pikos-run csv": ["pikos.runner", "functions", "--recording", "csv", "-o", "{}", "script.py"],
    "pikos-run real_time": ["pikos.runner", "real_time", "script.py", "-o", "{}"],
}
RECORDINGS = {
    "record": ["record", "tcp://127.0.0.1:9", "-o", "{}"],
    "run --record": ["run", "--record", "{}", "script.py"],
}
"""Recordings are thinned in their place."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "argv", ["pikos"])
    session = MadeUpSession()
    record("a.pikos", [*session.keyframe(**PROGRAM), session.bye("the end")])
    (tmp_path / "a.csv").write_text("index,function,RSS\r\n0,f,1\r\n1,f,2\r\n")
    (tmp_path / "script.py").write_text(PRINTS)
    return tmp_path


def words_of(template, name):
    return [word.format(name) for word in template]


def status_of(words, command=main.main):
    try:
        return command(words)
    except SystemExit as error:
        return error.code


def long_name(template):
    suffix = ".png" if "plot" in template else ""
    return "n" * (LONGEST - len(suffix)) + suffix


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_writes_to_standard_output(here, capfdbinary, verb):
    """P25: the same as to a file, and no file."""
    there = sorted(os.listdir())

    assert status_of(words_of(VERBS[verb], "-")) == 0
    output, errors = capfdbinary.readouterr()

    assert sorted(os.listdir()) == there
    assert b"of the program" not in errors
    assert status_of(words_of(VERBS[verb], "out.png")) == 0
    if verb != "plot":
        assert output == (here / "out.png").read_bytes()
    else:
        assert output.startswith(b"\x89PNG")


@pytest.mark.parametrize("way", RUNS)
def test_what_runs_a_program_has_standard_output_for_itself(python, here, way):
    """P25: what the program prints goes to standard error."""
    done = python("-m", *words_of(RUNS[way], "-"), text=False)

    assert done.returncode == 0
    assert b"of the program\n" in done.stderr
    assert b"of the program" not in done.stdout
    assert not os.path.exists("-")
    if way in {"pikos run", "pikos-run real_time"}:
        assert "work" in {name for _, _, name in marshal.loads(done.stdout)}
    else:
        assert b"work" in done.stdout


@pytest.mark.parametrize("text", ["os.closerange(3, 99)", "os.dup2(os.open('mine', 65), 3)"])
def test_no_profile_goes_into_a_file_of_the_programs(python, here, text):
    """P25: where the program has closed what standard output was kept in."""
    program = f"import os\nfor kept in range(3, 99):\n  {text}\n  break\nopen('own', 'w').close()\n"

    done = python("-m", "pikos", "run", "-o", "-", "-c", program, text=False)

    assert done.returncode in {0, 1}
    assert os.path.getsize("own") == 0
    assert not done.stdout or marshal.loads(done.stdout)
    assert bool(done.stdout) != (b"the profile is lost: standard output: " in done.stderr)


def test_a_reader_of_the_profile_that_has_gone_leaves_the_program_its_status(here):
    """P25, P7."""
    read_end, write_end = os.pipe()
    os.close(read_end)

    done = subprocess.run(
        [sys.executable, "-m", "pikos", "run", "-o", "-", "-c", "raise SystemExit(5)"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        timeout=DEADLINE_S,
        check=False,
    )
    os.close(write_end)

    assert (done.returncode, done.stderr) == (5, b"")


@pytest.mark.parametrize("verb", RECORDINGS)
def test_a_recording_is_not_written_to_standard_output(here, capsys, verb):
    """P25: a clear refusal, before anything is run."""
    assert status_of(words_of(RECORDINGS[verb], "-")) == 2

    output, errors = capsys.readouterr()
    assert (output, errors.count("\n")) == ("", 1)
    assert "a recording cannot be written to standard output" in errors


def test_what_is_binary_is_not_for_a_terminal(here, terminal):
    """P25."""
    session = terminal("run", "-o", "-", "script.py", cwd=here)

    assert session.end() == 2
    assert b"it is binary, not for a terminal" in session.seen
    assert b"of the program" not in session.seen


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_writes_a_file_of_the_longest_name(here, verb):
    """P12."""
    name = long_name(VERBS[verb])

    assert status_of(words_of(VERBS[verb], name)) == 0

    assert os.path.getsize(name) > 0


@pytest.mark.parametrize("way", RUNS)
def test_what_runs_a_program_writes_a_file_of_the_longest_name(python, here, way):
    """P12."""
    name = long_name(RUNS[way])

    done = python("-m", *words_of(RUNS[way], name))

    assert (done.returncode, done.stdout, done.stderr) == (0, "of the program\n", "")
    assert os.path.getsize(name) > 0


@pytest.mark.parametrize("recorder", [CSVFileRecorder, TextFileRecorder])
def test_a_recorder_writes_a_file_of_the_longest_name(here, recorder):
    """P12."""
    made = recorder("n" * LONGEST)
    made.prepare((1,))
    made.record((1,))
    made.finalize()

    assert os.path.getsize("n" * LONGEST) > 0


@pytest.mark.parametrize("verb", RECORDINGS)
@pytest.mark.parametrize("name", ["n" * 256, "directory", "no/where", "file/name"])
def test_a_recording_that_cannot_be_written_is_refused_at_once(here, capsys, verb, name):
    """P12."""
    os.mkdir("directory")
    open("file", "w").close()

    assert status_of(words_of(RECORDINGS[verb], name)) == 2

    output, errors = capsys.readouterr()
    assert (output, errors.count("\n")) == ("", 1)


def test_what_is_kept_in_place_of_a_profile_has_a_name_that_can_be():
    """P12: the recording that is made where a C call does not return."""
    made = ledger_saver._recording_beside("/there/" + "n" * LONGEST)

    assert os.path.basename(made) == "n" * (LONGEST - len(".pikos")) + ".pikos"
    assert ledger_saver._recording_beside("/there/short") == "/there/short.pikos"


@pytest.fixture
def unwritable(here):
    """Names that no file can be written under, and why."""
    os.mkdir("directory")
    (here / "file").touch()
    os.mkfifo("closed", 0o000)
    os.mkdir("sealed", 0o500)
    return here


UNWRITABLE = {
    "n" * 256 + ".png": "File name too long",
    "directory": "it is a directory",
    "no/where.png": "there is no directory",
    "file/name.png": "there is no directory",
    "": "it is a directory",
}


@pytest.mark.parametrize("name", UNWRITABLE)
@pytest.mark.parametrize("way", [*VERBS, *RUNS])
def test_a_name_that_cannot_be_is_refused_before_anything_is_run(unwritable, capsys, way, name):
    """P12."""
    if way == "plot" and not name.endswith(".png"):
        pytest.skip("no name of a picture")
    there = sorted(os.listdir())
    words = words_of(VERBS[way] if way in VERBS else RUNS[way][1:], name)
    command = main.main if way in VERBS or RUNS[way][0] == "pikos" else pikos_run.main

    assert status_of(words, command) == 2

    output, errors = capsys.readouterr()
    assert (output, errors.count("\n")) == ("", 1)
    assert UNWRITABLE[name] in errors
    assert sorted(os.listdir()) == there


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("name", ["sealed/name", "closed"])
def test_a_file_that_one_may_not_write_is_refused(unwritable, name):
    """P12."""
    assert why_not_written(os.path.abspath(name)) is not None


@pytest.mark.parametrize(
    ("owner", "user", "is_refused"), [(1, 2, True), (2, 2, False), (1, 0, False)]
)
def test_a_file_of_another_user_in_a_sticky_directory_is_not_replaced(
    here, monkeypatch, owner, user, is_refused
):
    """P12: the profile would be lost at the end."""
    there = str(here / "file")
    (here / "file").touch()
    here.chmod(0o1777)
    theirs = SimpleNamespace(st_mode=0o100666, st_uid=owner)
    place = SimpleNamespace(st_mode=here.stat().st_mode, st_uid=1234)

    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: user)
        patch.setattr(os, "lstat", lambda _: theirs)
        patch.setattr(os, "stat", lambda path, **_: theirs if path == there else place)
        reason = why_not_written(there)

    assert (reason is not None) is is_refused


def test_without_standard_output_a_dash_is_refused(monkeypatch):
    """P25, P11."""
    said = []
    monkeypatch.setattr(sys, "stdout", None)

    execution.check_outfile(SimpleNamespace(outfile="-", fail=said.append))

    assert said == ["-o -: there is no standard output; name a file"]


def test_a_pstats_file_on_standard_output_is_read(here, capfdbinary):
    """P25."""
    status_of(words_of(VERBS["export pstats"], "-"))
    stats = SimpleNamespace(create_stats=lambda: None)
    stats.stats = marshal.loads(capfdbinary.readouterr().out)

    shown = io.StringIO()
    pstats.Stats(stats, stream=shown).print_stats()

    assert "function calls" in shown.getvalue()


def test_json_and_a_page_do_not_share_standard_output(here, capsys):
    """P25."""
    assert status_of(["diff", "a.pikos", "a.pikos", "--json", "--flame", "-"]) == 2
    assert capsys.readouterr().err.count("\n") == 1

    assert status_of(["diff", "a.pikos", "a.pikos", "--json", "--flame", "out.html"]) == 0
    assert json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "-o", "script.py", "script.py"),
        ("run", "-o", "linked.py", "script.py"),
        ("run", "--monitor", "lines", "-o", "script.py", "script.py"),
        ("export", "script.py", "-f", "json", "-o", "./script.py"),
        ("report", "script.py", "-o", "script.py"),
        ("diff", "script.py", "script.py", "--flame", "script.py"),
        ("plot", "script.py", "-o", "script.png"),
    ],
    ids=" ".join,
)
def test_what_is_read_is_not_written_over(pikos, write, words):
    """P12: the program, or the profile, would be gone."""
    script = write("script.py", "print('ran')")
    script.with_name("linked.py").symlink_to(script)
    if words[0] == "plot":
        script.with_name("script.png").symlink_to(script)

    done = pikos(*words)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "it is what is read; name another file" in done.stderr
    assert script.read_text() == "print('ran')"


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="there is no /proc")
def test_an_open_descriptor_is_written_itself(pikos, write, tmp_path):
    """P12: a link as /dev/stdout was replaced by a file, for every program of the machine."""
    write("script.py", "pass")
    pikos("run", "--record", "a.pikos", "script.py")
    link = tmp_path / "my-stdout"
    link.symlink_to("/proc/self/fd/1")

    command = [sys.executable, "-m", "pikos", "export", "a.pikos", "-f", "csv", "-o", link]

    with (tmp_path / "written").open("wb") as file:
        file.write(b"kept\n")
        file.flush()
        done = subprocess.run(
            command, cwd=tmp_path, stdout=file, timeout=LONG_DEADLINE_S, check=False
        )

    assert (done.returncode, link.is_symlink()) == (0, True)
    written = (tmp_path / "written").read_bytes()
    assert written.startswith(b"kept\n")
    assert len(written) > len(b"kept\n")
