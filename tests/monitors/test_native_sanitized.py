"""The monitors' tests with the extension built to find every byte that is touched wrongly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import sanitized
from support.deadlines import LONG_DEADLINE_S
from support.interpreters import is_newest

from pikos.monitors import sources

ROOT = Path(__file__).parents[2]
LEFT_OUT = "not memory_until and not same_bytes and not sanitized and not instructions"
"""Sanitizers need memory of their own; writing is tested in fewer ways, for it takes long."""


@pytest.mark.skipif(not sources.native_is_chosen(), reason="there is no extension to build")
def test_no_byte_is_touched_that_should_not_be(tmp_path):
    if hasattr(sys, "monitoring") and not is_newest():
        pytest.skip("from 3.12 on the C code is the same: the newest runs it")
    try:
        sanitized.runtimes()
    except sanitized.NoSanitizer as reason:
        pytest.skip(str(reason))
    root = sanitized.build(tmp_path)
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider"]
    where = ["--rootdir", ROOT, "-c", ROOT / "pyproject.toml", "--basetemp", tmp_path / "base"]

    subprocess.run(
        [sys.executable, "-c", "import pikos._events"],  # without it all tests are skipped
        cwd=root,
        env=sanitized.environment(root),
        check=True,
        timeout=LONG_DEADLINE_S,
    )
    done = subprocess.run(
        [*command, *where, ROOT / "tests" / "monitors", "-k", f"native and {LEFT_OUT}"],
        cwd=root,
        env=sanitized.environment(root) | {"PIKOS_SANITIZED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONG_DEADLINE_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-20_000:]
    assert "want_of_memory" not in done.stdout
