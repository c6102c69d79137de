"""The page about recordings: its session, done as it says."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from pikos.cli.main import main
from pikos.export.formats import FORMATS
from pikos.recording import container
from pikos.wire import tables

PAGE = (Path(__file__).parents[2] / "docs" / "recording.md").read_text(encoding="utf-8")
PROGRAM, IN_CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^\$ pikos (.*)$", PAGE, re.MULTILINE)


def test_the_session_of_the_page_goes_as_it_says(tmp_path, monkeypatch, capsys, pikos):
    monkeypatch.chdir(tmp_path)
    Path("work.py").write_text(PROGRAM, encoding="utf-8")

    for command in COMMANDS:
        words = shlex.split(command)
        if words[0] == "run":
            assert pikos(*words).returncode == 0
        else:
            assert main(words) == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        if words[0] == "diff":
            assert re.search(r"80,200 +\+40,000 .* squares\.<locals>\.<genexpr>", shown.out)

    exec(IN_CODE, {})
    assert sorted(os.listdir()) == [
        "after.collapsed", "after.html", "after.pikos", "after.speedscope.json", "before.pikos",
        "differences.html", "work.py",
    ]  # fmt: skip
    assert "work.py:4)" in Path("after.collapsed").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_on_the_page(name):
    assert f"| `{name}` |" in PAGE


def test_the_numbers_of_the_file_are_those_of_the_code():
    assert f'"{container.RECORDING_MAGIC.decode()}"' in PAGE
    assert f"| ver | {container.RECORDING_VERSION};" in PAGE
    assert f"A header of {container.HEADER_SIZE} bytes" in PAGE
    assert f"at most {container.CONTENT_MAX >> 20} MiB" in PAGE
    assert f"from {tables.ENVELOPE_SIZE} to {tables.MESSAGE_MAX >> 20} MiB" in PAGE
