"""Fixtures of the tests of what serves the page: the application, without a browser or a server."""

from __future__ import annotations

from functools import partial

import pytest
from support.asgi import ask
from support.frames import Frames
from support.session import PROGRAM, MadeUpSession
from support.waiting import wait_until

pytest.importorskip("starlette")

from pikos.live.web.app import web_app
from pikos.live.web.hub import Hub

TOKEN = "the-token"


@pytest.fixture
def session():
    """A session that has told of a program."""
    return MadeUpSession()


@pytest.fixture
def source(session):
    """What is heard."""
    source = Frames()
    source.frames += session.keyframe(**PROGRAM)
    return source


@pytest.fixture
def hub(source, tmp_path):
    """What pages look at; source files may be shown that are in ``tmp_path``."""
    hub = Hub(roots=[tmp_path])
    hub.add(source, "4242")
    with hub:
        heard(hub, source)
        yield hub


@pytest.fixture
def app(hub):
    """The application."""
    return web_app(hub, token=TOKEN)


@pytest.fixture
def asked(app):
    """Ask the application for something that the token opens."""

    def asked(path, **options):
        return ask(app, f"/{TOKEN}/{path}", **options)

    return asked


@pytest.fixture
def view(asked):
    """What a page is answered."""
    return partial(asked, "view")


@pytest.fixture
def hear(hub, source):
    """Have the hub hear messages; all are taken in when this returns."""

    def hear(*frames):
        source.frames += frames
        heard(hub, source)

    return hear


def heard(hub, source):
    wait_until(lambda: not source.frames, "all messages are taken in")
    hub.tabs()  # whoever takes them in has the lock until they are folded
