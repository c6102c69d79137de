"""What Pikos is for, and what it promises of itself as a package."""

from __future__ import annotations

import configparser
import importlib.metadata
import platform
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


def test_the_metadata_give_no_address_of_another_project(repository):
    """S07, P42: where it is hosted is said once there is an address of its own."""
    settings = configparser.ConfigParser()
    settings.read(repository / "setup.cfg")

    assert not {"url", "project_urls", "download_url"} & set(settings["metadata"])


@pytest.mark.parametrize("command", ["build_ext", "--with-real-time-lsprof install", "test"])
def test_without_setuptools_one_line_says_what_to_install(python, repository, command):
    """P33."""
    hidden = "import runpy, sys; sys.modules['setuptools'] = None; sys.argv.remove('-c'); "
    run = f"{hidden}runpy.run_path('setup.py', run_name='__main__')"

    done = python("-c", run, "setup.py", *command.split(), cwd=repository)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "-m pip install setuptools" in done.stderr


def test_the_pages_do_not_tell_of_the_build_of_a_machine(repository, monkeypatch):
    """P42: processor, system and versions are what figures depend on."""
    machine = pytest.importorskip("benchmarks.machine")
    pages = [repository / "README.md", repository / "docs" / "costs.md"]
    lines = [line for page in pages for line in page.read_text().splitlines() if " cores, " in line]

    assert lines
    assert all(re.search(r" cores, [A-Za-z]+( \d+\.\d+(\.\d+)?)?;", line) for line in lines)
    for release in ("6.18.44-fc-v657", "6.8.0-45-generic #45~22.04", "24.1.0", ""):
        monkeypatch.setattr(platform, "release", lambda release=release: release)
        assert re.fullmatch(r"[A-Za-z]+( \d+\.\d+(\.\d+)?)?", machine.system())


def test_psutil_is_required_and_other_packages_are_extras():
    """S08, S11: what is always needed, and what only some parts need."""
    required = importlib.metadata.requires("pikos")

    always = [name for name in required if "extra ==" not in name]
    extras = set(importlib.metadata.metadata("pikos").get_all("Provides-Extra"))
    assert sorted(name.partition(">")[0] for name in always) == ["psutil", "pyzmq"]
    assert extras >= {"line-profiler", "plot", "yappi"}
