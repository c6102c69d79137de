"""What Pikos is for, and what it promises of itself as a package."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess

import pytest
from support.deadlines import DEADLINE_S

BLOCKED = """
    import sys

    for name in ("curses", "fcntl", "grp", "pwd", "resource", "termios", "tty"):
        sys.modules[name] = None
    sys.modules["pikos._lsprof"] = None

    import {module}
"""


def test_the_function_that_needs_improvement_comes_first(python, write):
    """S01: find the areas of an application that need to improve."""
    program = write(
        "program.py",
        """
        def quick():
            return sum(range(10))

        def slow():
            total = 0
            for number in range(300_000):
                total += number
            return total

        for _ in range(5):
            quick()
            slow()
        """,
    )

    done = python("-m", "pikos", "run", "-s", "tottime", program)

    rows = [line for line in done.stderr.splitlines() if "program.py:" in line]
    assert done.returncode == 0, done.stderr
    assert rows[0].endswith("(slow)")


@pytest.mark.parametrize(
    "module",
    [
        "pikos.api",
        "pikos.cli.main",
        "pikos.filters.api",
        "pikos.model",
        "pikos.monitors.api",
        "pikos.recorders.api",
        "pikos.runner",
        "pikos.wire.codec",
    ],
)
def test_it_is_imported_where_a_system_is_no_posix_one(python, write, module):
    """S04: be multi-platform."""
    program = write("program.py", BLOCKED.format(module=module))

    done = python(program)

    assert done.returncode == 0, done.stderr


def test_continuous_integration_tests_and_builds_the_documentation(repository):
    """S06: what the badges stood for."""
    makefile = (repository / "Makefile").read_text()
    _, _, recipe = makefile.partition("\ntest: ")

    assert "exec make test" in (repository / ".ci" / "run").read_text()
    assert "$(MAKE) --no-print-directory docs" in recipe.partition("\n\n")[0]


def planned(repository, target):
    """The commands that ``make`` would run from a clean checkout."""
    plan = ["make", "--dry-run", "--always-make", target]
    return subprocess.run(
        plan, cwd=repository, capture_output=True, text=True, check=True, timeout=DEADLINE_S
    ).stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_demo_sets_up_one_interpreter_and_no_test_tools(repository):
    """T3: its first picture is not to wait for what only tests need."""
    demo, setup = planned(repository, "demo"), planned(repository, "setup")

    assert len(set(re.findall(r"Making \.venv/([0-9.]+)", demo))) == 1
    assert "[test,lint]" in setup
    assert "[test,lint]" not in demo
    assert "install_chromium.sh" in setup
    assert "install_chromium.sh" not in demo


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_prints_no_warnings_of_pip(repository):
    """T4: of pip's messages only errors are printed."""
    calls = re.findall(r"-m pip (.*)", planned(repository, "setup"))

    assert calls
    assert all(call.startswith("-qq ") for call in calls)


def test_the_metadata_lead_to_the_repository():
    """S07: where it is hosted."""
    metadata = importlib.metadata.metadata("pikos")

    homes = [metadata["Home-page"], *(metadata.get_all("Project-URL") or [])]
    assert any("https://github.com/enthought/pikos" in (home or "") for home in homes)


def test_psutil_is_required_and_other_packages_are_extras():
    """S08, S11: what is always needed, and what only some parts need."""
    required = importlib.metadata.requires("pikos")

    always = [name for name in required if "extra ==" not in name]
    extras = set(importlib.metadata.metadata("pikos").get_all("Provides-Extra"))
    assert sorted(name.partition(">")[0] for name in always) == ["psutil", "pyzmq"]
    assert extras >= {"line-profiler", "plot", "yappi"}
