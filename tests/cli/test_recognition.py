"""What a word of a command line is, is recognised in one place: P26, P39, P41."""

from __future__ import annotations

import marshal
import os
import pstats
import re
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from support.deadlines import DEADLINE_S

from pikos.cli import main, pikos_run
from pikos.cli.recognition import COMMANDS, Kind, recognise
from pikos.recording.container import RECORDING_MAGIC

VERBS = {
    "export": ["export", "{}", "-f", "csv", "-o", "out.csv"],
    "report": ["report", "{}", "-o", "out.html"],
    "top": ["top", "--once", "{}"],
    "web": ["web", "--no-open", "{}"],
    "record": ["record", "{}", "-o", "out.pikos"],
    "replay": ["replay", "--once", "{}"],
    "diff": ["diff", "{}", "a.pstats"],
    "plot": ["plot", "{}", "-o", "out.png"],
    "run": ["run", "{}"],
}
"""A command line of each verb that takes one thing."""
TAKES = {
    "export": {"a.pikos", "a.pstats"},
    "report": {"a.pikos", "a.pstats"},
    "top": {"a.pikos", "a.pstats"},
    "web": {"a.pikos", "a.pstats"},
    "record": set(),
    "replay": {"a.pikos"},
    "diff": {"a.pikos", "a.pstats", "a.json"},
    "plot": {"a.csv", "notes"},
    "run": {
        "a.json",
        "a.csv",
        "cut.pikos",
        "script.py",
        "notes",
        "empty",
        "program",
        "directory",
        "/dev/null",
        "nowhere",
        "pipe",
    },
}
"""What the verb takes, or what has an error of its own."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a thing of each kind; each thing's name and kind."""
    directory = tmp_path_factory.mktemp("things")
    (directory / "script.py").write_text("def work(): return sum(range(9))\nwork()\n")
    subprocess.run(
        [
            *(sys.executable, "-m", "pikos", "run"),
            *("--record", "a.pikos", "-o", "a.pstats", "script.py"),
        ],
        cwd=directory,
        env=os.environ | {"XDG_RUNTIME_DIR": str(directory)},
        timeout=DEADLINE_S,
        check=True,
    )
    subprocess.run(
        [sys.executable, "-m", "pikos", "export", "a.pikos", "-f", "json", "-o", "a.json"],
        cwd=directory,
        timeout=DEADLINE_S,
        check=True,
    )
    (directory / "a.csv").write_text("index,function,RSS\r\n0,f,1\r\n")
    (directory / "notes").write_text("x = 'some text'\n")
    (directory / "empty").touch()
    (directory / "noise").write_bytes(b"\x80\x00\xff" * 99)
    (directory / "cut.pikos").write_bytes(RECORDING_MAGIC[:4])
    (directory / "ledger").write_bytes(b"pikosLGR" + bytes(99))
    (directory / "directory").mkdir()
    (directory / "program").mkdir()
    (directory / "program" / "__main__.py").touch()
    with zipfile.ZipFile(directory / "archive", "w") as archive:
        archive.writestr("__main__.py", "")
    os.mkfifo(directory / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(directory)  # a socket's path has little room
        listener.bind("socket")
    return directory


@pytest.fixture
def here(place, monkeypatch, runtime):
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "argv", ["pikos"])


KINDS = {
    "a.pikos": Kind.RECORDING,
    "cut.pikos": Kind.RECORDING,
    "a.pstats": Kind.PSTATS,
    "a.json": Kind.STATE,
    "a.csv": Kind.RECORDS,
    "script.py": Kind.SCRIPT,
    "notes": Kind.TEXT,
    "empty": Kind.EMPTY,
    "noise": Kind.BINARY,
    "ledger": Kind.LEDGER,
    "directory": Kind.DIRECTORY,
    "program": Kind.PROGRAM,
    "archive": Kind.ARCHIVE,
    "pipe": Kind.PIPE,
    "socket": Kind.SOCKET,
    "/dev/null": Kind.DEVICE,
    "json": Kind.MODULE,
    "json.tool": Kind.MODULE,
    "nowhere": Kind.MISSING,
    "a.csv/nowhere": Kind.MISSING,
    "n" * 300: Kind.UNREADABLE,
    "": Kind.MISSING,
    "a\0b": Kind.MISSING,
    "4003": Kind.PROCESS,
    "tcp://127.0.0.1:9": Kind.ADDRESS,
}


@pytest.mark.parametrize("word", KINDS)
def test_a_word_is_recognised(here, word):
    """P26."""
    assert recognise(word) is KINDS[word]


NEVER_REFUSED = {"socket", "4003", "tcp://127.0.0.1:9", "archive"}


def answer(capsys, *words, command=main.main):
    try:
        status = command(list(words))
    except SystemExit as error:
        status = error.code
    return status, *capsys.readouterr()


@pytest.mark.parametrize("word", [word for word in KINDS if word not in NEVER_REFUSED])
@pytest.mark.parametrize("verb", VERBS)
def test_what_a_verb_does_not_take_is_refused_with_what_it_is(here, capsys, verb, word):
    """P26, P39, P41: in one line that says what was expected, and the command that takes it."""
    kind = KINDS[word]
    if word in TAKES[verb] or (word == "cut.pikos" and "a.pikos" in TAKES[verb]):
        pytest.skip("taken, or refused for another reason")
    if verb == "run" and kind in {Kind.MISSING, Kind.UNREADABLE}:
        pytest.skip("the reason is the system's")

    status, output, errors = answer(capsys, *(part.format(word) for part in VERBS[verb]))

    assert (status, output) == (2, "")
    assert errors.count("\n") == 1
    assert re.search(f" {kind.value}( that nobody writes to)?; expected a", errors)
    assert COMMANDS.get(kind, "").partition("{")[0] in errors


@pytest.mark.parametrize("form", ["pstats", "callgrind", "csv", "json", "html"])
def test_a_pstats_file_is_exported(here, capsys, tmp_path, form):
    """P26."""
    out = str(tmp_path / "out")

    assert answer(capsys, "export", "a.pstats", "-f", form, "-o", out) == (0, "", "")

    assert b"work" in Path(out).read_bytes()
    if form == "pstats":
        ours, theirs = pstats.Stats(out).stats, pstats.Stats("a.pstats").stats
        assert ours.keys() == theirs.keys()
        for function, (primitive, calls, own_s, _, callers) in theirs.items():
            assert ours[function][:2] == (primitive, calls)
            assert ours[function][2] == pytest.approx(own_s, abs=1e-9)
            assert ours[function][4].keys() == callers.keys()


@pytest.mark.parametrize("form", ["collapsed", "speedscope", "chrome", "gecko"])
def test_a_pstats_file_is_not_exported_where_stacks_are_needed(here, capsys, tmp_path, form):
    """P26."""
    status, _, errors = answer(
        capsys, "export", "a.pstats", "-f", form, "-o", str(tmp_path / "out")
    )

    assert status == 2
    assert "there are no stacks" in errors
    assert not os.listdir(tmp_path)


def test_a_pstats_file_is_shown_and_reported(here, capsys, tmp_path):
    """P26."""
    status, output, errors = answer(capsys, "top", "a.pstats", "--once")
    assert (status, errors) == (0, "")
    assert re.search(r" 1 .* work \(", output)

    assert answer(capsys, "report", "a.pstats", "-o", str(tmp_path / "out.html"))[0] == 0
    assert "there is no flame graph" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize(
    "table",
    [
        {("a", 1, "f"): (1, 1, 0.5, 0.5, {("b", 2, "g"): (1, 1, 0.5, 0.5)})},
        {("a", 1, "f"): (3, 3, 0.5, 0.5, {("a", 1, "f"): 2})},
        {},
    ],
    ids=["a caller without a row", "counts of callers alone", "nothing"],
)
def test_pstats_files_of_other_profilers_are_read(here, capsys, tmp_path, table):
    """P26."""
    path = tmp_path / "other.prof"
    path.write_bytes(marshal.dumps(table))

    status, _, errors = answer(capsys, "top", str(path), "--once")

    assert (status, errors) == (0, "")


def test_a_pstats_file_that_is_cut_off_is_refused(here, capsys, tmp_path):
    """P26."""
    path = tmp_path / "cut.pstats"
    with open("a.pstats", "rb") as file:
        path.write_bytes(file.read()[:-9])

    for verb in ("top", "export", "report", "web", "diff"):
        status, _, errors = answer(capsys, *(part.format(path) for part in VERBS[verb]))
        assert (status, errors.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("words", "command"),
    [(["run", "pipe"], main.main), (["functions", "pipe"], pikos_run.main)],
    ids=["pikos run", "pikos-run"],
)
def test_a_pipe_that_nobody_writes_to_is_no_program(here, capsys, words, command):
    """P39."""
    status, output, errors = answer(capsys, *words, command=command)

    assert (status, output) == (2, "")
    assert "pipe: it is a pipe that nobody writes to" in errors


def test_a_pipe_that_somebody_writes_to_is_read(here, capsys, tmp_path):
    """P39: by a shell's process substitution, say, also if the writer takes its time."""
    name = tmp_path / "records"
    os.mkfifo(name)
    writer = threading.Thread(target=name.write_text, args=("index,RSS\n0,1\n1,2\n",))

    writer.start()
    status, _, errors = answer(capsys, "plot", str(name), "-o", str(tmp_path / "out.png"))
    writer.join(DEADLINE_S)

    assert (status, errors) == (0, "")
    assert (tmp_path / "out.png").exists()


def test_a_module_cannot_be_focused_on_and_is_named_as_one(here, capsys):
    """P26."""
    status, _, errors = answer(
        capsys, "functions", "--focused-on", "json", "script.py", command=pikos_run.main
    )

    assert status == 2
    assert "json: it is a module; name a function in it: json.function" in errors


def test_built_ins_of_a_pstats_file_have_plain_names(tmp_path, capsys):
    """V8: so that they can be told apart on a narrow screen; exports keep those of the file."""
    names = ("<built-in method builtins.all>", "<method 'upper' of 'str' objects>")
    rows = {("~", 0, name): (1, 1, 0.5, 0.5, {}) for name in names}
    (tmp_path / "x.pstats").write_bytes(marshal.dumps(rows))

    assert main.main(["top", "--once", str(tmp_path / "x.pstats")]) == 0
    screen = capsys.readouterr().out.split()
    assert {"all", "str.upper"} <= set(screen)
    out = str(tmp_path / "y.pstats")
    assert main.main(["export", str(tmp_path / "x.pstats"), "-f", "pstats", "-o", out]) == 0
    written = marshal.loads((tmp_path / "y.pstats").read_bytes())
    assert {name for _, _, name in written} == set(names)
