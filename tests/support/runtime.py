"""A run-time directory of a test's own, so that sessions of other tests stay out of sight."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def runtime(monkeypatch, tmp_path_factory):
    """Empty directory that stands for XDG_RUNTIME_DIR; its ``tmp`` stands for the temporary one.

    Short, for a socket's path has little room.
    """
    tmp_path_factory.getbasetemp()  # which must not be below this test's temporary directory
    directory = Path(tempfile.mkdtemp(prefix="pk"))
    temporary = directory / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield directory
    shutil.rmtree(directory)
