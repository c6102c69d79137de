"""What CPython's own tests and its profiler say of ours; asked where these oracles are at hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.deadlines import LONG_DEADLINE_S

ROOT = Path(__file__).resolve().parents[1]
ORACLES = Path(os.environ.get("PIKOS_ORACLES", ROOT.parent / "shared" / "oracles"))


def ask(oracle, directory, *arguments):
    """Run an oracle on our module; what it says at the end."""
    program = ORACLES / oracle
    if not program.is_file():
        pytest.skip(f"there is no {program}; PIKOS_ORACLES may name another directory")
    child = subprocess.run(
        [sys.executable, program, "pikos.real_time", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LONG_DEADLINE_S,
        check=False,
    )
    assert child.returncode == 0, child.stdout + child.stderr
    return child.stdout.splitlines()[-1]


def test_the_tests_of_cpython_accept_our_profile(tmp_path):
    """S66: the kin of cProfile, live."""
    verdict = ask("cpython_oracle.py", tmp_path, "--tool-name", "pikos")

    assert "0 failed" in verdict
    assert not verdict.startswith("0 passed")


def test_our_counts_are_those_of_cprofile(tmp_path):
    verdict = ask("differential.py", tmp_path, "--rounds", "3", "--strict")

    assert "0 failed" in verdict
    assert not verdict.startswith("0 passed")
