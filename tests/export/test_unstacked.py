"""R1: what is folded, or merged, is in every export, report and view, with its time."""

from __future__ import annotations

import csv
import io
import json

import pytest
from support.callgrind import Callgrind
from support.recordings import record, snapshot_of
from support.session import MadeUpSession

from pikos.cli.main import main as pikos
from pikos.export import export
from pikos.export.formats import FORMATS
from pikos.live.flame import Tree, flame
from pikos.live.scene import Scene
from pikos.live.state import ViewState
from pikos.model.unstacked import UNSTACKED, UNSTACKED_NAME, Unstacked, unstacked

MS = 1_000_000

STATE = {
    "function": [
        (1, 0, 3, "main", "main", "/src/app.py"),
        (2, 0, 9, "load", "load", "/src/app.py"),
        (3, 0, 20, "leaf", "leaf", "/src/app.py"),
    ],
    "stat": [
        (1, 1, 0, 0, 10 * MS, 105 * MS),
        (2, 1, 0, 0, 20 * MS, 60 * MS),
        (3, 7, 0, 0, 75 * MS, 75 * MS),
    ],
    "edge": [
        (0, 1, 1, 0, 10 * MS, 105 * MS),
        (1, 2, 1, 0, 20 * MS, 60 * MS),
        (1, 3, 3, 0, 35 * MS, 35 * MS),
        (2, 3, 4, 0, 40 * MS, 40 * MS),
    ],
    "context": [
        (1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        (2, 1, 1, 1, 0, 0, 1, 0, 0, 10 * MS, 105 * MS),
        (3, 2, 1, 2, 1, 0, 1, 0, 0, 20 * MS, 60 * MS),
        (4, 2, 1, 3, 1, 0, 1, 0, 0, 5 * MS, 5 * MS),
        (5, 0, 1, 3, 1, 1, 2, 0, 0, 30 * MS, 30 * MS),
        (6, 0, 1, 3, 2, 1, 4, 0, 0, 40 * MS, 40 * MS),
    ],
    "thread": [(1, 111, 4242, 1, 1, 3, "MainThread")],
    "session": [(1, 0, 3, 4, 5, 6, 0, 8, 9, 55_000, 1_500_000, -12, 50_000_000, 200_000_000)],
}
"""main() called leaf() once in a full stack and twice folded, load() four times folded."""

SENTENCE = "6 calls with 70.0 ms are not in full stacks (folded)"


def written(name, state=STATE):
    return b"".join(export(snapshot_of(state), name)).decode()


def test_calls_and_time_are_summed():
    assert unstacked(snapshot_of(STATE)) == Unstacked(6, 70 * MS)


def test_the_time_stands_below_the_call_that_it_was_spent_in():
    lines = [line.rsplit(" ", 1) for line in written("collapsed").splitlines()]

    assert {stack: int(ns) for stack, ns in lines} == {
        "MainThread;main (app.py:3)": 10 * MS,
        "MainThread;main (app.py:3);load (app.py:9)": 20 * MS,
        f"MainThread;main (app.py:3);load (app.py:9);{UNSTACKED_NAME}": 40 * MS,
        "MainThread;main (app.py:3);leaf (app.py:20)": 5 * MS,
        f"MainThread;main (app.py:3);{UNSTACKED_NAME}": 30 * MS,
    }


def test_what_has_no_place_stands_below_the_thread():
    """Its callers have not returned, or are not known."""
    contexts = [row for row in STATE["context"] if row[0] in {1, 5, 6}]

    assert written("collapsed", STATE | {"context": contexts}) == (
        f"MainThread;{UNSTACKED_NAME} {70 * MS}\n"
    )


def test_merged_time_stands_where_it_was_merged():
    """The counters of a merged context are in the fold of its edge, its time in what it went to."""
    contexts = [
        (1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        (2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 3, 25 * MS),
        (3, 0, 1, 3, 2, 1, 4, 0, 0, 40 * MS, 40 * MS, 0, 0),
    ]

    assert written("collapsed", STATE | {"context": contexts}) == (
        f"MainThread;main (app.py:3);{UNSTACKED_NAME} {25 * MS}\n"
        f"MainThread;{UNSTACKED_NAME} {15 * MS}\n"
    )


def test_totals_of_all_formats_agree():
    stat_ns = sum(row[4] for row in STATE["stat"])
    speedscope = json.loads(written("speedscope"))["profiles"]
    chrome = json.loads(written("chrome"))["traceEvents"]
    gecko = json.loads(written("gecko"))["threads"]
    totals = {
        "collapsed": sum(int(line.split()[-1]) for line in written("collapsed").splitlines()),
        "speedscope": sum(sum(profile["weights"]) for profile in speedscope),
        "chrome": sum(event["args"].get("self_ns", 0) for event in chrome),
        "gecko": round(sum(sum(thread["samples"]["weight"]) for thread in gecko) * 1e6),
        "csv": sum(int(row["self_ns"]) for row in csv.DictReader(io.StringIO(written("csv")))),
        "callgrind": sum(f["self"] for f in Callgrind(written("callgrind")).functions.values()),
    }

    assert totals == dict.fromkeys(totals, stat_ns)


@pytest.mark.parametrize("name", ["collapsed", "speedscope", "chrome", "gecko", "html"])
def test_each_format_of_stacks_has_a_frame_of_it(name):
    assert UNSTACKED_NAME in written(name)


def test_the_page_says_how_many_calls():
    assert SENTENCE in written("html")


@pytest.mark.parametrize("form", ["pstats", "collapsed", "csv", "json", "callgrind", "speedscope"])
def test_the_command_says_how_many_calls(form, tmp_path, capsys):
    session = MadeUpSession()
    path = str(tmp_path / "x.pikos")
    record(path, [*session.keyframe(**STATE), session.bye("the end")])

    assert pikos(["export", path, "-f", form, "-o", str(tmp_path / "out")]) == 0

    assert capsys.readouterr().err.count(SENTENCE) == 1


def test_the_flame_graph_of_the_terminal_has_a_bar_of_it():
    snapshot = snapshot_of(STATE)
    tree = Tree(snapshot)

    assert tree.root.value_ns == 105 * MS
    assert tree.find((1, UNSTACKED)).value_ns == 30 * MS
    assert tree.find((1, 2, UNSTACKED)).value_ns == 40 * MS
    lines = [line.text for line in flame(Scene(snapshot), ViewState(), 20, 100).lines]
    assert "6 calls with 70.0 ms not in full stacks" in lines[0]
    assert any(UNSTACKED_NAME in line for line in lines[1:])


def test_nothing_is_said_where_nothing_is_folded():
    whole = STATE | {"context": STATE["context"][:4]}

    assert UNSTACKED_NAME not in written("html", whole)
    assert unstacked(snapshot_of(whole)) == Unstacked()


@pytest.mark.parametrize("name", FORMATS)
def test_times_whose_sum_has_more_than_64_bits_are_written(name):
    most = 2**63 - 1
    contexts = [(1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)]
    contexts += [(n, n - 1, 1, 1, 1, 0, 1, 0, 0, most, most) for n in range(2, 6)]

    assert b"".join(export(snapshot_of(STATE | {"context": contexts}), name))
