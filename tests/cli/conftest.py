"""Fixtures of the command line's tests."""

from __future__ import annotations

import sys
from subprocess import CompletedProcess

import pytest
from support.runtime import runtime
from support.terminal import terminal

__all__ = ["runtime", "terminal"]


@pytest.fixture(autouse=True)
def apart(runtime):
    """No verb tells of this user's other sessions, or of dead ones, unless a test has them."""


@pytest.fixture
def pikos(python, runtime):
    """Run the ``pikos`` command until it ends, its sessions apart from all others."""

    def run(*arguments, **options):
        return python("-m", "pikos", *arguments, **options)

    return run


@pytest.fixture
def answer(runtime, tmp_path, monkeypatch, capsys):
    """Give a command line that runs nothing to a ``main`` of this process, which is quicker."""

    def answer(main, *arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["pikos", *arguments])
        monkeypatch.setattr(sys, "path", ["", *sys.path])
        monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # put back
        try:
            status = main()
        except SystemExit as error:
            status = error.code
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
                del sys.modules[name]
        return CompletedProcess(arguments, status, *capsys.readouterr())

    return answer
