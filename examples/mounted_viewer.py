"""A web application with a program's profile at /profile/: python mounted_viewer.py PID PORT."""

import contextlib
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from pikos.live import subscribe
from pikos.live.web.app import web_app
from pikos.live.web.hub import Hub

pid, port = sys.argv[1], int(sys.argv[2])
hub = Hub()
hub.add(subscribe(pid, timeout=10), pid)


@contextlib.asynccontextmanager
async def listening(_: Starlette) -> AsyncIterator[None]:
    """Listen to the program for as long as this application runs."""
    with hub:
        yield


def home(_: Request) -> PlainTextResponse:
    """Stand for the rest of the application, which would know its users."""
    return PlainTextResponse("the profile is at /profile/\n")


app = Starlette(
    routes=[Route("/", home), Mount("/profile", web_app(hub, token=""))], lifespan=listening
)
uvicorn.run(app, port=port, log_level="warning")
