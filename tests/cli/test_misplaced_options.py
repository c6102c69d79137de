"""P29: an option of ours behind the program goes to it; a hint says so where it made no sense."""

from __future__ import annotations

import pytest

from pikos.cli import main, pikos_run

STRICT = "import argparse; argparse.ArgumentParser(prog='strict').parse_args()"


@pytest.fixture
def status_of(write, answer):
    write("strict.py", STRICT)
    write("exits.py", "import sys; sys.exit(int(sys.argv[1]))")

    def run(words):
        command, *rest = words.split()
        return answer({"pikos": main.main, "pikos-run": pikos_run.main}[command], *rest)

    return run


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("pikos run strict.py --live", "--live"),
        ("pikos run strict.py -s cumtime", "-s"),
        ("pikos run strict.py --record=a.pikos --live", "--record=a.pikos"),
        ("pikos run -m strict --focused-on f", "--focused-on"),
        ("pikos run --monitor functions strict.py --threads all", "--threads"),
        ("pikos-run functions strict.py x --buffered", "--buffered"),
        ("pikos-run functions -m strict x -o out", "-o"),
        ("pikos-run real_time strict.py --interval 1", "--interval"),
    ],
)
def test_a_hint_says_where_the_option_went(status_of, words, option):
    """P29: once."""
    done = status_of(words)

    prog = "pikos-run" if words.startswith("pikos-run") else "pikos run"
    hints = [line for line in done.stderr.splitlines() if line.startswith(f"{prog}: ")]
    assert done.returncode == 2
    behind = f"{option} was given to the program, as it stands behind it"
    assert hints == [f"{prog}: {behind}; if it is for {prog}, put it before the program"]


@pytest.mark.parametrize(
    "words",
    [
        "pikos run exits.py 0 --live",
        "pikos run exits.py 1 --live",
        "pikos run exits.py 2 --its-own",
        "pikos run exits.py 2 -m",
        "pikos-run functions exits.py 2 --live",
        "pikos-run functions exits.py 0 x --buffered",
    ],
)
def test_there_is_no_hint_where_the_program_did_not_mind_or_it_is_none_of_ours(status_of, words):
    """P29."""
    done = status_of(words)

    assert done.returncode == int(words.split(".py ")[1][0])
    assert "was given to the program" not in done.stderr
