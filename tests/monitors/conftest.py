"""Fixtures of the monitors' tests: each runs on every event source that the interpreter has."""

from __future__ import annotations

import sys
import threading

import pytest
from support.kept import let_go
from support.recording import Keeper, NativeKeeper

from pikos.monitors import sources

MECHANISMS = [sources.hooks]
if hasattr(sys, "monitoring"):
    MECHANISMS.append(sources.monitoring)
if sources.native_is_chosen():
    MECHANISMS.append(sources.native)


def hooked():
    """All places where an event source leaves something, but for what is kept for a second."""
    let_go()
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
    if request.param is not sources.native:
        monkeypatch.setattr(sources, "chosen", request.param)
        monkeypatch.setattr(sources, "native_is_chosen", lambda: False)
    before = hooked()

    yield request.param

    assert not request.param().functions.handlers.entries
    assert not request.param().lines.handlers.entries
    assert hooked() == before


@pytest.fixture
def kept(request):
    """A recorder that keeps what it is given, by the event source in use."""
    if "mechanism" not in request.fixturenames:
        return Keeper()
    return NativeKeeper() if request.getfixturevalue("mechanism") is sources.native else Keeper()
