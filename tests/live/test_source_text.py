"""Which source files are shown: those below a directory that the user has named."""

from __future__ import annotations

import os

import pytest

from pikos.live import source_text
from pikos.live.source_text import LIBRARY, read_source


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


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", ("# -*- coding: latin-1 -*-", "x = 'é'")),
        (b"#!/bin/sh\n# vim: fileencoding=cp1251\n\xe4\n", (..., ..., "д")),
        (b"\xef\xbb\xbfx = 1\ny = 2", ("x = 1", "y = 2")),
        (b"x = 1\ry = 2\r", ("x = 1", "y = 2")),
        (b"# one\r# coding: latin-1\r\xe9\r", (..., ..., "é")),
        (b"# one\rx\ry = 'coding: latin-1 \xc3\xa9'\r", (..., ..., "y = 'coding: latin-1 é'")),
        (b"x = 1\r\ny = 2\r\n", ("x = 1", "y = 2")),
        (b"a\rb\nc\r\n\r\nd", ("a", "b", "c", "", "d")),
        (b"x = 'a\x0cb\x0bc\xe2\x80\xa8d\xc2\x85'\n", ("x = 'a\x0cb\x0bc\u2028d\x85'",)),
        (b"x = 1 # \xe9\n", ("x = 1 # \ufffd",)),
        (b"x\ny\nz # \xe9\n", ("x", "y", "z # \ufffd")),
        (b"# coding: nonsense\nx = 1\n", ("# coding: nonsense", "x = 1")),
        (b"# coding: rot13\nx = 1\n", ("# coding: rot13", "x = 1")),
        (b"# coding: undefined\nx = 1\n", ("# coding: undefined", "x = 1")),
        (b"\xef\xbb\xbf# coding: latin-1\n\xc3\xa9\n", (..., "é")),
        (b"\n\n", ("", "")),
    ],
)
def test_source_is_read_as_the_interpreter_reads_it(root, content, lines):
    """P18: PEP 263, the byte order mark, every end of line; what is wrong is replaced."""
    (root / "app.py").write_bytes(content)

    told = read_source("app.py", [root])

    assert told.trouble == ""
    assert len(told.lines) == len(lines)
    for read, expected in zip(told.lines, lines, strict=True):
        assert expected is ... or read == expected


def test_the_standard_library_is_shown_without_a_root(root):
    """V15: without a new start.  A relative name never leads there."""
    assert any("def decode" in line for line in read_source(f"{LIBRARY}/codecs.py", [root]).lines)
    assert read_source("codecs.py", [root]).lines == ()
    assert read_source(f"{LIBRARY}/../../../../etc/passwd", [root]).lines == ()
