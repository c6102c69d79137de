"""Programs that do to the profiler what a decent program would not, each in a child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from hazards import SCENARIOS
from support import sanitized
from support.deadlines import LONG_DEADLINE_S
from support.interpreters import is_newest

HAZARDS = Path(__file__).with_name("hazards")


def run_scenarios(directory, environment):
    """How each scenario ended, by its name; as many at a time as there are processors."""
    count = os.cpu_count() or 1
    shares = [list(SCENARIOS)[first::count] for first in range(count)]
    with ThreadPoolExecutor(count) as pool:
        results = pool.map(partial(run_share, directory, environment), shares)
        return {result["name"]: result for share in results for result in share}


def run_share(directory, environment, names):
    child = subprocess.run(
        [sys.executable, HAZARDS, *names],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONG_DEADLINE_S,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert child.stderr == ""
    return [json.loads(line) for line in child.stdout.splitlines()]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return run_scenarios(tmp_path_factory.mktemp("hazards"), dict(os.environ))


@pytest.fixture(scope="module")
def under_sanitizers(tmp_path_factory):
    """Of the versions that have the same C code, by sys.monitoring, the newest is enough."""
    if hasattr(sys, "monitoring") and not is_newest():
        pytest.skip("from 3.12 on the C code is the same: the newest runs it")
    try:
        sanitized.runtimes()
    except sanitized.NoSanitizer as reason:
        pytest.skip(str(reason))
    directory = tmp_path_factory.mktemp("sanitized")
    root = sanitized.build(directory)
    return run_scenarios(directory, sanitized.environment(root))


def check(result):
    assert result["status"] == 0, result["output"]
    if result["output"].startswith("skipped: "):
        pytest.skip(result["output"].removeprefix("skipped: ").rstrip())
    assert result["output"] == ""


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_profiler_and_the_program_survive(plain, name):
    """B18."""
    check(plain[name])


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_byte_is_touched_that_should_not_be(under_sanitizers, name):
    check(under_sanitizers[name])
