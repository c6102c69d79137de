"""``pikos diff``."""

from __future__ import annotations

import json
import marshal
import os

import pytest
from support.publisher import Publisher
from support.recordings import record
from support.session import PROGRAM, MadeUpSession

from pikos.cli import pstats_file
from pikos.cli.main import main

AFTER = PROGRAM | {"stat": [(2, 12, 4, 0, 3_500_000, 5_000_000)]}


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """Status, output and errors of a command line, among files to compare."""
    monkeypatch.chdir(tmp_path)
    for name, state, facts in (
        ("a.pikos", PROGRAM, {}),
        ("b.pikos", AFTER, {}),
        ("cpu.pikos", PROGRAM, {"clock": "cpu"}),
        ("records.pikos", {}, {"publishes": "records"}),
    ):
        session = MadeUpSession(**facts)
        record(name, [*session.keyframe(**state), session.bye("the end")])

    def run(*arguments):
        try:
            status = main(arguments)
        except SystemExit as error:
            status = error.code
        return status, *capsys.readouterr()

    for form in ("json", "pstats"):
        assert run("export", "a.pikos", "-f", form, "-o", f"a.{form}") == (0, "", "")
    return run


@pytest.mark.parametrize("a", ["a.pikos", "a.json", "a.pstats"])
def test_recordings_states_and_files_for_pstats_are_compared(told, a):
    status, output, errors = told("diff", a, "b.pikos", "--json")

    rows = {row["b" if row["b"] else "a"]["name"]: row for row in json.loads(output)["functions"]}
    assert (status, errors) == (0, "")
    assert rows["work"]["difference"] == {
        "calls": 2, "primitive_calls": 2, "self_ns": 500_000, "cumulative_ns": 0,
        "open_calls": 2 if a == "a.pstats" else 0,
    }  # fmt: skip
    assert rows["time.sleep"]["difference"]["calls"] == -6


def test_a_running_program_is_compared(told):
    with Publisher() as publisher:
        status, output, _ = told("diff", "b.pikos", publisher.address)

    assert status == 0
    assert "10      -2  3.003 s  -500.0 µs" in output


def test_the_table_is_sorted_and_cut_as_asked_for(told):
    status, output, errors = told("diff", "a.pikos", "b.pikos", "-n", "1", "-s", "name")

    assert (status, errors) == (0, "")
    assert output.splitlines()[:4] == [
        "A: process 4242: app.py (3 open calls counted so far)",
        "B: process 4242: app.py (3 open calls counted so far)",
        "note: A has 3 open calls: their time so far is counted",
        "note: B has 3 open calls: their time so far is counted",
    ]
    assert "function (1 of 3)" in output
    assert output.splitlines()[-1].endswith("Worker.work (/src/worker.py:9) [open in A and B]")


def test_a_flame_graph_of_differences_is_written(told):
    status, output, _ = told("diff", "a.json", "b.pikos", "--flame", "out.html")

    assert status == 0
    assert "Worker.work" in output
    with open("out.html", encoding="utf-8") as file:
        assert file.read().count('<svg class="same"') > 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["a.pikos"], "required: B"),
        (["a.pikos", "b.pikos", "-n", "0"], "at least 1"),
        (["a.pikos", "b.pikos", "-s", "colour"], "invalid choice"),
        (["a.pikos", "b.pikos", "--flame", "no/x"], "there is no directory"),
        (["a.pikos", "cpu.pikos"], "A is of the wall clock, B of the cpu clock"),
        (["a.pikos", "records.pikos"], "records.pikos has records, not a profile"),
        (["a.pikos", "a.pstats", "--flame", "out.html"], "B is a file for pstats"),
        (["a.pikos", "b.pikos", "--flame", "/dev/full"], "No space left"),
        (["a.pikos", "notes"], "notes is a text file; expected"),
        (["a.pikos", "evil"], "evil is a binary file of an unknown kind; expected"),
        (["a.pikos", "big"], "more than 1,000,000 bytes"),
        (["a.pikos", "absent"], "absent does not exist"),
    ],
)
def test_what_cannot_be_compared_ends_with_2_and_the_reason(
    told, runtime, monkeypatch, arguments, reason
):
    monkeypatch.setattr(pstats_file, "FILE_MAX", 1_000_000)
    for name, content in (
        ("notes", b"some text"),
        ("evil", marshal.dumps(compile("1", "x", "eval"))),
        ("big", marshal.dumps({}).ljust(1_000_001)),
    ):
        with open(name, "wb") as file:
            file.write(content)

    status, output, errors = told("diff", *arguments)

    assert (status, output) == (2, "")
    assert reason in errors
    assert not os.path.exists("out.html")
