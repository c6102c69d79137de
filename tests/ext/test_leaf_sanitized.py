"""The same tests with the leaf files under a sanitizer, each in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import build
import pytest
from support.deadlines import LONG_DEADLINE_S
from support.interpreters import newest_only

HERE = Path(__file__).parent
TESTS = {
    "asan": [
        "test_leaf_wire.py",
        "test_leaf_memory.py",
        "test_leaf_region.py",
        "test_leaf_transport.py",
    ],
    "tsan": [],
}
OPTIONS = {
    "asan": {
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
    },
    "tsan": {
        "TSAN_OPTIONS": f"exitcode=66:die_after_fork=0:suppressions={HERE / 'tsan.supp'}",
    },
}

pytestmark = [
    newest_only,  # the files know no Python
    pytest.mark.skipif(sys.platform != "linux", reason="sanitizers are loaded as on Linux"),
    pytest.mark.skipif("PIKOS_LEAF_VARIANT" in os.environ, reason="this is such a run"),
]


def runtime(variant):
    """What the child loads first; skips where it is missing."""
    if build.compiler() is None:
        pytest.skip("no C compiler")
    libraries = build.runtime(variant)
    if libraries is None:
        pytest.skip(f"{build.compiler()} has no library for {variant}")
    return " ".join(libraries)


def command(variant):
    """The child's command line; the thread sanitizer wants addresses that are not random."""
    both = ("test_leaf_contexts.py", "test_leaf_publisher.py")
    tests = [HERE / name for name in (*TESTS[variant], *both)]
    run = [sys.executable, "-m", "pytest", "-q", "--capture=sys", "-p", "no:cacheprovider", *tests]
    if variant == "asan":
        return run
    setarch = shutil.which("setarch")
    if setarch is None or subprocess.run([setarch, "-R", "true"], check=False).returncode != 0:
        pytest.skip("setarch cannot keep addresses from being random")
    return [setarch, "-R", *run]


@pytest.mark.parametrize("variant", ["asan", "tsan"])
def test_the_leaf_files_are_clean_under_the_sanitizer(variant):
    preload = runtime(variant)
    build.leaf_library(variant)

    child = subprocess.run(
        command(variant),
        env={
            **os.environ,
            **OPTIONS[variant],
            "LD_PRELOAD": preload,
            "PIKOS_LEAF_VARIANT": variant,
        },
        capture_output=True,
        text=True,
        timeout=LONG_DEADLINE_S,
        check=False,
    )

    assert child.returncode == 0, child.stdout[-20_000:] + child.stderr[-20_000:]
    assert "passed" in child.stdout
    assert "runtime error" not in child.stderr
