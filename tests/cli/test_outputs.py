"""A program that runs itself again under Pikos: each process writes files of its own."""

from __future__ import annotations

import argparse
import os
import pstats
import re

import pytest

from pikos.cli.outputs import VARIABLE, Outputs

RELOADING = """
    import os, subprocess, sys

    def of_first(): pass
    def of_second(): pass

    if "AGAIN" in os.environ:
        of_second()
        sys.exit(3)
    of_first()
    again = subprocess.call(
        [sys.executable, *sys.orig_argv[1:]], env=os.environ | {"AGAIN": "1"}
    )
    sys.exit(again)
"""


@pytest.fixture
def outputs(monkeypatch, tmp_path):
    """Options of a command line, as if another process had begun this one with the same ones."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)

    def given(**options):
        return argparse.Namespace(prog="pikos run", **options)

    return given


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("run", "-o", "out.pstats"), "out.pstats"),
        (("run", "--record", "out.pikos"), "out.pikos"),
        (("run", "--monitor", "functions", "--recording", "csv"), "monitor_records.csv"),
        (("run", "--monitor", "lines", "-o", "lines.log"), "lines.log"),
    ],
)
def test_each_process_of_a_reloader_writes_its_own_file(pikos, write, tmp_path, command, name):
    """R11: and says so once; it is profiled, so it is no child that was not."""
    write("script.py", RELOADING)

    done = pikos(*command, "script.py")

    root, ending = os.path.splitext(name)
    (said,) = re.findall(
        rf"^pikos run: process (\d+) writes {name}; process (\d+) writes {root}\.(\d+){ending}$",
        done.stderr,
        re.MULTILINE,
    )
    assert done.returncode == 3
    assert said[0] != said[1] == said[2]
    assert "child process" not in done.stderr
    assert {name, f"{root}.{said[1]}{ending}"} <= set(os.listdir(tmp_path))
    if ending == ".pstats":
        ours, theirs = (
            {function for _, _, function in pstats.Stats(str(tmp_path / file)).stats}
            for file in (name, f"{root}.{said[1]}{ending}")
        )
        assert "of_first" in ours - theirs
        assert "of_second" in theirs - ours


def test_an_address_is_published_at_by_one_process(outputs, capsys):
    """R11: the child would not run at all."""
    parent, child = (outputs(address="ipc:///run/x", outfile=None) for _ in range(2))
    with Outputs(parent), Outputs(child):
        pass

    assert (parent.address, child.address) == ("ipc:///run/x", None)
    assert "publishes at ipc:///run/x" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a b.csv", "no_ending", ".hidden", "dir.x/file.tar.gz"])
def test_a_name_of_its_own_is_beside_the_other(outputs, capsys, name):
    """R11: by any path that leads there."""
    os.makedirs("dir.x", exist_ok=True)
    parent, child = outputs(outfile=os.path.abspath(name)), outputs(outfile=name)
    with Outputs(parent), Outputs(child):
        pass
    directory, base = os.path.split(child.outfile)

    assert parent.outfile == os.path.abspath(name)
    assert directory == os.path.dirname(name)
    assert base != os.path.basename(name)
    assert str(os.getpid()) in base
    assert capsys.readouterr().err.count("\n") == 1


def test_what_was_written_before_is_free_again(outputs, capsys):
    for _ in range(2):
        options = outputs(outfile="out.pstats", record="out.pikos")
        with Outputs(options):
            assert VARIABLE in os.environ
        assert options.outfile == "out.pstats"

    assert VARIABLE not in os.environ
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["-", "/dev/null"])
def test_what_is_no_file_is_for_all(outputs, capsys, name):
    parent, child = outputs(outfile=name), outputs(outfile=name)
    with Outputs(parent), Outputs(child):
        pass

    assert child.outfile == name
