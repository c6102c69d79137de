"""A simple command line is read without argparse, and means what it means to argparse."""

from __future__ import annotations

import argparse
import contextlib
import pstats

import pytest
from hypothesis import assume, given, strategies as st

from pikos.cli import main, run
from pikos.cli.options import read_simple

WORDS = st.sampled_from(
    [
        *(name for names, _ in run.OPTIONS for name in names),
        "script.py",
        "pass",
        "0.5",
        "-1",
        "wall",
        "cumtime",
        "functions",
        "all",
        "name=f",
        "changed:name",
        "a,b",
        ",",
        "--",
        "-",
        "",
        "--interval=2",
        "--live=yes",
        "-oF",
        "-o=F",
        "--inter",
        "-h",
        "--record=",
    ]
)


def by_argparse(words):
    with contextlib.suppress(SystemExit), contextlib.redirect_stderr(None):
        options = vars(main._parsed("run", ["run", *words]))
        return {name: options[name] for name in options if name not in {"verb", "fail", "prog"}}
    return None


def comparable(values):
    """Filters that are made of one text are equal only by it."""
    if values is None or "filters" not in values:
        return values
    return {**values, "filters": [made.text for made in values["filters"]]}


@given(st.lists(WORDS, max_size=6))
def test_what_is_read_simply_means_the_same_to_argparse(words):
    program = min((words.index(name) for name in ("-m", "-c") if name in words), default=len(words))
    assume("--" not in words[program:])  # before 3.13 it ends -m to argparse, not to python
    simple = read_simple(run.OPTIONS, words)

    if simple is not None:
        assert comparable(simple) == comparable(by_argparse(words))


def test_two_dashes_after_a_module_are_its_own_argument():
    simple = read_simple(run.OPTIONS, ["-m", "module", "--", "-x"])

    assert simple is not None
    assert simple["module"] == ["module", "--", "-x"]


@pytest.mark.parametrize(
    "words",
    [
        ["script.py", "-x", "--live"],
        ["-o", "F", "-s", "cumtime", "--interval=0.5", "-m", "module", "-o", "G"],
        ["--live", "--clock", "cpu", "--filter", "a=1", "--filter", "b=2", "-c", "pass"],
    ],
    ids=" ".join,
)
def test_usual_command_lines_are_read_simply(words):
    simple = read_simple(run.OPTIONS, words)

    assert simple is not None
    assert comparable(simple) == comparable(by_argparse(words))


def test_argparse_writes_the_help(capsys):
    with pytest.raises(SystemExit):
        main.main(["run", "--help"])

    written = capsys.readouterr().out
    assert all(name in written for names, _ in run.OPTIONS for name in names if name[0] == "-")


def test_the_orders_are_those_of_pstats():
    assert sorted(pstats.Stats.sort_arg_dict_default) == list(run.SORTS)


def test_an_option_that_takes_all_that_follows_is_argparses():
    assert run.REMAINDER == argparse.REMAINDER
