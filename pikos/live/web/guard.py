"""Keeps strangers out: what a request must say of where it comes from, and what answers say."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Container, MutableMapping
    from typing import Any

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names by which this machine may be called: others are a stranger's, who had them point here."""

HEADERS = {
    "Content-Security-Policy": (
        # plotly makes styles of its own; what a stranger sent is never put in as HTML.
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""What every answer says: run nothing but our own files, tell nobody where they are."""


def new_token() -> str:
    """Make up what a request must know.

    Returns
    -------
    str
        128 random bits, fit for a URL.

    """
    return secrets.token_urlsafe(16)


def knows(request: Request, token: str) -> bool:
    """Tell whether a request knows the token.

    Parameters
    ----------
    request
        The request; the token is a part of its path.
    token
        The token; empty if none is needed.

    Returns
    -------
    bool
        Whether it may be answered.

    """
    said = str(request.path_params.get("token", ""))
    return hmac.compare_digest(said.encode(), token.encode())


def refusal(why: str) -> PlainTextResponse:
    """Refuse a request.

    Parameters
    ----------
    why
        What was wrong with it.

    Returns
    -------
    PlainTextResponse
        Status 403.

    """
    return PlainTextResponse(f"{why}\n", 403)


class Guard:
    """Refuses what does not come from a page of ours, before anything else looks at it.

    Parameters
    ----------
    app
        What answers the rest.
    hosts
        Names of this machine that a request may be for.

    Threads: as the server calls it
    """

    def __init__(self, app: ASGIApp, hosts: Container[str] = LOCAL_HOSTS) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse to."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message)
            await send(message)

        if scope["type"] == "http":
            why = self._wrong_with(Request(scope))
            await (refusal(why) if why else self._app)(scope, receive, told)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    def _wrong_with(self, request: Request) -> str:
        """Tell why a request is refused; empty if it is not."""
        host = request.headers.get("host", "")
        if len(request.headers.getlist("host")) != 1 or _name_of(host) not in self._hosts:
            return f"this host is not one of ours: {host[:100]!r}"
        origin = request.headers.get("origin")
        if origin is not None and origin not in {f"http://{host}", f"https://{host}"}:
            return f"this page is not one of ours: {origin[:100]!r}"
        return ""


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _add_headers(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers[name] = value
