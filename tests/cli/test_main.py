"""``pikos``: the verbs are found, and what is wrong is told in one line."""

from __future__ import annotations

import re

import pytest

import pikos as package
from pikos.cli import main
from pikos.errors import AddressError, PikosError


def test_the_version_is_told(pikos):
    assert pikos("--version").stdout == f"pikos {package.__version__}\n"


@pytest.mark.parametrize("verb", main.VERBS)
def test_a_verb_explains_itself(answer, verb):
    done = answer(main.main, verb, "--help")

    assert done.returncode == 0
    assert f"usage: pikos {verb}" in done.stdout


def test_all_verbs_are_in_the_help(pikos):
    words = pikos("--help").stdout.split()

    assert set(main.VERBS) <= set(words)


@pytest.mark.parametrize("arguments", [[], ["fly"], ["--fast"]], ids=str)
def test_what_is_no_verb_is_refused_in_one_line(answer, arguments):
    """P27."""
    done = answer(main.main, *arguments)

    assert done.returncode == 2
    assert re.fullmatch(r"pikos: .*\(see pikos --help\)\n", done.stderr)


@pytest.mark.parametrize(
    ("error", "status"),
    [(PikosError("it broke"), 1), (AddressError("x", "not an address"), 2)],
    ids=["ours", "the user's"],
)
def test_an_error_of_pikos_is_one_line_and_a_status(monkeypatch, capsys, error, status):
    def run(_):
        raise error

    monkeypatch.setattr("pikos.cli.doctor.run", run)

    assert main.main(["doctor"]) == status
    assert capsys.readouterr().err == f"pikos doctor: {error}\n"


def test_an_error_in_pikos_itself_is_not_hidden(monkeypatch):
    def run(_):
        raise KeyError("a bug")

    monkeypatch.setattr("pikos.cli.doctor.run", run)

    with pytest.raises(KeyError):
        main.main(["doctor"])


OF_A_SCRIPT = """\
pikos: script.py is a Python script; expected a verb, such as run or top; use: pikos run script.py
"""


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["script.py"], OF_A_SCRIPT),
        (["ps", "a.py"], "pikos ps: unrecognized arguments: a.py (see pikos ps --help)\n"),
        (["doctor", "-x"], "pikos doctor: unrecognized arguments: -x (see pikos doctor --help)\n"),
    ],
    ids=["no verb", "a word too many", "an option too many"],
)
def test_a_wrong_word_is_refused_by_the_verb_and_names_the_one_that_takes_it(
    pikos, write, words, refusal
):
    """P26."""
    write("script.py", "pass")

    done = pikos(*words)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", refusal)
