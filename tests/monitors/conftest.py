"""Fixtures of the monitors' tests: each runs on every event source that the interpreter has."""

from __future__ import annotations

import sys
import threading

import pytest
from support.recording import Keeper

from pikos.monitors import sources

MECHANISMS = [sources.hooks] + ([sources.monitoring] if hasattr(sys, "monitoring") else [])


def hooked():
    """All places where an event source leaves something."""
    tools = map(sys.monitoring.get_tool, range(6)) if hasattr(sys, "monitoring") else ()
    return [
        sys.getprofile(),
        sys.gettrace(),
        threading.getprofile(),
        threading.gettrace(),
        *tools,
    ]


@pytest.fixture(params=MECHANISMS, ids=lambda mechanism: mechanism.__name__)
def mechanism(request, monkeypatch):
    """The sources in use; nothing of them may be left."""
    monkeypatch.setattr(sources, "chosen", request.param)
    before = hooked()

    yield request.param

    assert not request.param().functions.handlers.entries
    assert not request.param().lines.handlers.entries
    assert hooked() == before


@pytest.fixture
def kept():
    """A recorder that keeps what it is given."""
    return Keeper()
