"""Serves a page about sessions to this machine's user, and opens it in the browser."""

from __future__ import annotations

import contextlib
import html
import os
import signal
import socket
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from pikos.cli.collector import collect_seldom
from pikos.cli.streams import print_error
from pikos.cli.top import number
from pikos.errors import AddressError, PikosError, WebMissing
from pikos.live.runtime import runtime_directory

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from pikos.live.source import Source

HOST = "127.0.0.1"
"""Where the page is served: to this machine alone."""

PORT_MAX = 65_535
"""The last port."""

CLOSE_S = 1
"""Seconds that answers under way have at the end."""


def configure_serving(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where a page is served.

    Parameters
    ----------
    parser
        The parser of a verb.

    """
    add = parser.add_argument
    add("--port", type=_port, default=0, help="port to serve at (any that is free)")
    add("--no-open", action="store_true", help="do not open the page in the browser")


def serve(sources: Sequence[tuple[Source, str]], options: argparse.Namespace) -> int:
    """Serve a page until the user has seen enough.

    Parameters
    ----------
    sources
        What to listen to, each with what the user calls it, closed at the end; none for every
        session of this user.
    options
        The command line, with the options of ``configure_serving``, ``keys``, ``source_root``.

    Returns
    -------
    int
        0.

    Raises
    ------
    AddressError
        If the port cannot be had.
    WebMissing
        If the extra ``web`` is not installed.

    """
    with contextlib.ExitStack() as opened:
        unheard = opened.enter_context(contextlib.ExitStack())
        for source, _ in sources:
            unheard.callback(source.close)
        try:
            import uvicorn

            from pikos.live.keys import viewer_keys
            from pikos.live.web.app import web_app
            from pikos.live.web.guard import new_token
            from pikos.live.web.hub import Hub
        except ImportError as error:
            if isinstance(error, PikosError):
                raise
            raise WebMissing(str(error)) from None
        token = new_token()
        keys = None if options.keys is None or sources else viewer_keys(options.keys)
        hub = Hub(roots=options.source_root or ["."], discover=not sources, keys=keys)
        for source, target in sources:
            hub.add(source, target)
        app = web_app(hub, token=token)
        listener = opened.enter_context(_listener(options.port))
        address = f"http://{HOST}:{listener.getsockname()[1]}/{token}/"
        opened.enter_context(contextlib.suppress(KeyboardInterrupt))  # from now on it is the end
        print(f"{address}\nCtrl-C ends it; the programs go on.", flush=True)
        if not options.no_open:
            opened.enter_context(_opened(address))
        with _uninterrupted():
            opened.enter_context(hub)
            unheard.pop_all()  # they are the hub's
        collect_seldom()
        settings = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=CLOSE_S,
        )
        uvicorn.Server(settings).run(sockets=[listener])
    return 0


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait: what is begun in here is to be ended, too."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise AddressError(
            f"{HOST}:{port}", f"{error.strerror}; choose another --port, or none for any"
        ) from None


@contextlib.contextmanager
def _opened(address: str) -> Iterator[None]:
    """Open the page by way of a file of ours: other users see a browser's command line."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    ):
        yield  # a browser in this terminal is not what was meant
        return
    try:
        path = Path(runtime_directory(), f"web-{os.getpid()}.html")
        path.unlink(missing_ok=True)  # of a process before us that had our number
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(
                f'<meta http-equiv="refresh" content="0; url={html.escape(address)}">'
                '<meta name="referrer" content="no-referrer">\n'
            )
    except (OSError, AddressError) as error:
        print_error(f"pikos web: the page is not opened: {error}")
        yield
        return
    try:
        webbrowser.open(path.as_uri())
        yield
    finally:
        path.unlink(missing_ok=True)


def _port(text: str) -> int:
    return int(number(_up_to_the_last, text, 0, f"a port, 0 to {PORT_MAX}"))


def _up_to_the_last(text: str) -> int:
    port = int(text)
    if port > PORT_MAX:
        raise ValueError
    return port
