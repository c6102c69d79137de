"""Asks an ASGI application without a server, as a browser or a stranger would."""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple
from urllib.parse import urlencode


class Answer(NamedTuple):
    """What a request was answered."""

    status: int
    headers: dict
    body: bytes

    @property
    def told(self):
        """The body as strict JSON."""
        return json.loads(self.body, parse_constant=lambda name: 1 / 0)


def ask(app, path, *, method="GET", host="127.0.0.1:8800", more=(), **query):
    """Send one request; ``more`` are headers, by name and value."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(query).encode(),
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in [*([("host", host)] if host is not None else []), *more]
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8800),
    }
    sent = []

    async def receive():
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    begin, *rest = sent
    headers = {name.decode(): value.decode() for name, value in begin["headers"]}
    return Answer(begin["status"], headers, b"".join(part.get("body", b"") for part in rest))
