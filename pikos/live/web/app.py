"""The page as an ASGI application, to be served by itself or mounted in another one."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from pikos.errors import ChoiceError, WebMissing
from pikos.live.web.answer import answer
from pikos.live.web.choice import choice_of
from pikos.live.web.guard import LOCAL_HOSTS, Guard, knows, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from starlette.requests import Request

    from pikos.live.web.hub import Hub

SEEK_MAX_S = 86_400.0
"""Seconds by which one request may go back or ahead in a recording."""

_STATIC = Path(__file__).parent / "static"
_PAGE = "index.html"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def web_app(hub: Hub, *, token: str, hosts: Container[str] = LOCAL_HOSTS) -> Starlette:
    """Make the application.

    Parameters
    ----------
    hub
        What pages look at; its ``with`` block is to be open while it is served.
    token
        What the path begins with, and a request must know; empty where the application that it
        is mounted in lets nobody in who may not.
    hosts
        Names of this machine that a request may be for.

    Returns
    -------
    Starlette
        The application; the page is at ``/TOKEN/``, or ``/`` without a token.

    Raises
    ------
    WebMissing
        If plotly, which draws the charts, is not installed.

    """
    files = _files()
    within = "/{token}" if token else ""

    def route(path: str, endpoint: Callable[[Hub, Request], Response], method: str) -> Route:
        def answered(request: Request) -> Response:
            if not knows(request, token):
                return _unknown(request)
            return endpoint(hub, request)

        return Route(within + path, answered, methods=[method])

    return Starlette(
        routes=[
            route("/", partial(_file, files, name=_PAGE), "GET"),
            route("/static/{name}", partial(_file, files), "GET"),
            route("/view", _view, "GET"),
            route("/keep", _keep, "POST"),
            route("/seek", _seek, "POST"),
            Route("/{path:path}", _unknown),
        ],
        middleware=[Middleware(Guard, hosts=hosts)],
    )


def _files() -> Mapping[str, Path]:
    """Find what is served as it is: our own files, and plotly's script where it is installed."""
    found = importlib.util.find_spec("plotly")
    places = (found and found.submodule_search_locations) or []
    scripts = [Path(place) / "package_data" / "plotly.min.js" for place in places]
    plotly = next((script for script in scripts if script.is_file()), None)
    if plotly is None:
        raise WebMissing("there is no plotly.min.js of plotly")
    own = {path.name: path for path in _STATIC.iterdir() if path.suffix in _TYPES}
    return {**own, plotly.name: plotly}


def _file(files: Mapping[str, Path], _: Hub, request: Request, name: str = "") -> Response:
    path = files.get(name or request.path_params["name"])
    if path is None:
        return Response("no such file\n", 404)
    return FileResponse(path, media_type=_TYPES[path.suffix])


def _view(hub: Hub, request: Request) -> Response:
    try:
        return JSONResponse(answer(hub, choice_of(request.query_params)))
    except ChoiceError as error:
        return _bad(error)


def _keep(hub: Hub, request: Request) -> Response:
    return JSONResponse({"kept": hub.keep(request.query_params.get("tab", ""))})


def _seek(hub: Hub, request: Request) -> Response:
    asked = request.query_params.get("by", "")
    try:
        by_s = float(asked)
    except ValueError:
        by_s = SEEK_MAX_S + 1
    if not -SEEK_MAX_S <= by_s <= SEEK_MAX_S:
        return _bad(ChoiceError("by", asked, f"seconds, {SEEK_MAX_S:.0f} at most"))
    return JSONResponse({"sought": hub.seek(request.query_params.get("tab", ""), by_s)})


def _bad(error: ChoiceError) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def _unknown(_: Request) -> Response:
    return refusal("open the address that pikos web has printed, as it is")
