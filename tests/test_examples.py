"""The examples run, and show what they are there to show."""

from __future__ import annotations

import pstats
import subprocess
import sys

import pytest
from support.publisher import until
from support.runtime import runtime

from pikos.live.sessions import list_sessions

__all__ = ["runtime"]


@pytest.fixture
def examples(repository):
    """The directory of the examples."""
    return repository / "examples"


def test_every_example_is_tested_here(examples):
    assert {path.name for path in examples.glob("*.py")} == {"demo_program.py", "viewer.py"}


def test_the_demo_program_ends_by_itself(python, examples):
    done = python(examples / "demo_program.py", "0.5")

    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "count_primes",
        "count_words",
        "grow_tree",
    ]


def test_the_demo_program_has_all_that_a_profile_shows(python, examples, tmp_path):
    done = python("-m", "pikos", "run", "-o", "out", examples / "demo_program.py", "1")

    assert done.returncode == 0
    stats = {
        name: counts for (_, _, name), counts in pstats.Stats(str(tmp_path / "out")).stats.items()
    }
    primitive, calls, *_ = stats["fibonacci"]
    assert 0 < primitive < calls
    assert stats["is_prime"][1] > 1_000
    assert stats["<built-in method builtins.any>"][3] > 0.15
    assert {"count_words", "block", "repeat"} <= set(stats)


def test_the_demo_shows_tables_without_a_terminal_and_ends(python, examples, runtime):
    demo = ["run", "--live", examples / "demo_program.py", "2.5"]

    done = python("-m", "pikos", *demo)

    assert done.returncode == 0
    assert done.stderr.count("fibonacci") >= 2
    assert "open calls" in done.stderr
    assert "fibonacci" not in done.stdout


def test_the_viewer_shows_a_running_program(examples, runtime):
    demo = [sys.executable, "-m", "pikos", "run", "--wait-for-viewer", "30"]
    program = subprocess.Popen(
        [*demo, examples / "demo_program.py", "1"], stdout=subprocess.DEVNULL
    )
    try:
        until(list_sessions, "a session")
        viewer = subprocess.run(
            [sys.executable, examples / "viewer.py", str(program.pid)],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        program.kill()
        program.wait()

    assert "fibonacci" in viewer.stdout
