"""What a process says of itself: R12, a program keeps its name."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.deadlines import DEADLINE_S

from pikos.publishing import hello
from pikos.real_time.program import Module, Script, Text


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    monkeypatch.setattr(hello, "_names", {})
    monkeypatch.setattr(sys, "argv", ["pikos"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # put back


def shown():
    return hello.facts_of_process(interval_s=1.0, started_unix_ns=0)["argv"]


def test_a_module_has_its_name_before_it_is_found_and_after(tmp_path, monkeypatch):
    """R12: pikos ps showed ``-m 7555``."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").touch()
    monkeypatch.chdir(tmp_path)

    loaded = Module("package").load(["7555", "--bind", "-m"])
    assert shown() == ["package", "7555", "--bind", "-m"]

    loaded()
    assert sys.argv[0].endswith("__main__.py")
    assert shown() == ["package", "7555", "--bind", "-m"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import time; time.sleep(1)", '-c "import time; time.sleep(1)"'),
        ("\n  \nif 1:\n\tprint()\n", '-c "if 1: print()"'),
        ("x = 1; " * 99, '-c "x = 1; x = 1; x = 1; x = 1; x = 1; x = …"'),
        ("", '-c ""'),
    ],
)
def test_a_text_has_its_first_words(text, words):
    """R12: all programs that were given as text were just ``-c``."""
    Text(text).load(["a", "-c"])

    assert shown() == [words, "a", "-c"]


def test_a_script_has_the_name_that_it_was_given(tmp_path):
    """R12."""
    (tmp_path / "-c").touch()
    Script(f"{tmp_path}/-c").load(["a"])

    assert shown() == [f"{tmp_path}/-c", "a"]


@pytest.mark.parametrize("options", [[], ["-W", "ignore"]])
def test_a_text_that_python_itself_runs_has_its_first_words(options):
    """R12."""
    text = "from pikos.publishing.hello import facts_of_process as f; import json\n"
    text += "print(json.dumps(f(interval_s=1.0, started_unix_ns=0)['argv']))"

    done = subprocess.run(
        [sys.executable, *options, "-c", text, "a", "b"],
        capture_output=True,
        timeout=DEADLINE_S,
        check=True,
    )

    assert json.loads(done.stdout) == ['-c "from pikos.publishing.hello import fact…"', "a", "b"]


def test_a_program_that_empties_its_command_line_has_none(monkeypatch):
    monkeypatch.setattr(sys, "argv", [])
    assert shown() == []
    monkeypatch.delattr(sys, "argv")
    assert shown() == []
