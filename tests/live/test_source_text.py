"""Which source files are shown: those below a directory that the user has named."""

from __future__ import annotations

import os

import pytest

from pikos.live import source_text
from pikos.live.source_text import read_source


@pytest.fixture
def root(tmp_path):
    below = tmp_path / "project"
    below.mkdir()
    (below / "app.py").write_text("import os\nx = 1\n")
    (tmp_path / "secret.txt").write_text("secret")
    return below


@pytest.mark.parametrize("file", ["app.py", "./app.py", "sub/../app.py", "{root}/app.py"])
def test_a_file_below_is_read(root, file):
    assert read_source(file.format(root=root), [root]).lines == ("import os", "x = 1")


@pytest.mark.parametrize(
    "file", ["../secret.txt", "{root}/../secret.txt", "/etc/passwd", "link.py"]
)
def test_a_file_elsewhere_is_not(root, file):
    (root / "link.py").symlink_to(root.parent / "secret.txt")

    told = read_source(file.format(root=root), [root])

    assert told.lines == ()
    assert "--source-root" in told.trouble


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("nothing.py", "No such file"),
        ("pipe", "no plain file"),
        (".", "no plain file"),
        ("empty.py", "is empty"),
        ("large.py", "more than"),
        ("a\0b", "null"),
        ("~", "built-in"),
    ],
)
def test_what_cannot_be_shown_is_said_to_be_so_at_once(root, monkeypatch, file, why):
    monkeypatch.setattr(source_text, "SOURCE_MAX", 100)
    os.mkfifo(root / "pipe")
    (root / "empty.py").touch()
    (root / "large.py").write_text("x" * 101)

    told = read_source(file, [root])

    assert told.lines == ()
    assert why in told.trouble


def test_a_file_is_looked_for_below_each_directory(root, tmp_path):
    assert read_source("app.py", [tmp_path / "none", tmp_path, root]).lines


def test_bytes_that_are_no_text_are_shown_all_the_same(root):
    (root / "app.py").write_bytes(b"x = '\xff'\n")

    assert read_source("app.py", [root]).lines[0] == "x = '\ufffd'"
