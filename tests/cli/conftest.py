"""Fixtures of the command line's tests."""

from __future__ import annotations

import pytest
from support.runtime import runtime

__all__ = ["runtime"]


@pytest.fixture
def pikos(python, runtime):
    """Run the ``pikos`` command until it ends, its sessions apart from all others."""

    def run(*arguments, **options):
        return python("-m", "pikos", *arguments, **options)

    return run
