"""``pikos web``: what it serves to whom, and what it says when it cannot."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import threading
import zipfile
from argparse import Namespace
from pathlib import Path

import pytest
from support.deadlines import LONG_DEADLINE_S
from support.publisher import Publisher
from support.waiting import wait_until
from support.web import fetch, serve

from pikos.cli import serving
from pikos.live.silence import Silence

__all__ = ["serve"]

pytest.importorskip("uvicorn")


@pytest.fixture
def publisher(runtime):
    with Publisher() as publisher:
        yield publisher


def test_the_page_is_served_to_this_machine_under_a_token(serve, publisher):
    web = serve(publisher.address)

    assert web.address.startswith("http://127.0.0.1:")
    assert len(web.address.split("/")[3]) >= 22
    status, body, headers = fetch(web.address)
    assert status == 200
    assert b"<title>Pikos</title>" in body
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "Server" not in headers
    wait_until(lambda: web.view()["panel"]["rows"], "functions")


def test_strangers_are_kept_out_over_http(serve, publisher):
    web = serve(publisher.address)
    without = web.address.rpartition("/")[0].rpartition("/")[0]

    assert fetch(f"{without}/")[0] == 403
    assert fetch(f"{without}/view")[0] == 403
    assert fetch(f"{web.address[:-2]}x/view")[0] == 403
    assert fetch(f"{web.address}view", Host="evil.example")[0] == 403
    assert fetch(f"{web.address}view", Origin="http://evil.example")[0] == 403
    assert fetch(f"{web.address}keep", "POST", Origin="null")[0] == 403
    assert fetch(f"{web.address}view", Origin=without)[0] == 200
    assert fetch(f"{web.address}../../../etc/passwd")[0] in {403, 404}


def test_no_other_address_of_this_machine_is_served(serve, publisher):
    web = serve(publisher.address)

    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.2", web.port), timeout=5),
    ):
        pass


def test_ctrl_c_ends_it_without_a_word(serve, publisher):
    web = serve(publisher.address)
    fetch(f"{web.address}view")

    status, _, errors = web.end()

    assert status == 0
    assert errors == ""


def test_the_port_that_is_wanted_is_served(serve, publisher):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert serve("--port", port, publisher.address).port == port


def test_a_port_that_is_taken_is_told(pikos, publisher):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = pikos("web", "--no-open", "--port", port, publisher.address)

    assert result.returncode == 2
    assert f"127.0.0.1:{port}" in result.stderr
    assert "choose another --port" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("port", ["-1", "65536", "x", "1.5", ""])
def test_a_port_without_sense_is_told(pikos, port):
    result = pikos("web", f"--port={port}")

    assert result.returncode == 2
    assert "a port, 0 to 65535" in result.stderr


@pytest.mark.parametrize("verb", ["web", "top"])
def test_a_source_root_that_is_no_directory_is_told(pikos, tmp_path, verb):
    (tmp_path / "file.py").touch()
    for root in ("no-such-place", "file.py"):
        result = pikos(verb, "--source-root", root)

        assert result.returncode == 2
        assert f"argument --source-root: {root!r} is not a directory" in result.stderr


@pytest.mark.parametrize("target", ["999999999", "no-such-file.pikos", "tcp://x"])
def test_an_unknown_target_is_told_before_anything_is_served(pikos, target):
    result = pikos("web", "--no-open", target)

    assert result.returncode == 2
    assert target in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_it_is_told_what_to_install(pikos, publisher, tmp_path, missing):
    (tmp_path / f"{missing}.py").write_text("raise ImportError('not there')")
    result = pikos(
        "web", "--no-open", publisher.address, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )

    assert result.returncode == 1
    assert "pikos[web]" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_browser_is_shown_the_page_and_its_command_line_no_token(
    runtime, serve, tmp_path, publisher
):
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"print(sys.argv[1], file=open({str(seen)!r}, 'w'), flush=True)\n"
    )
    browser.chmod(0o700)
    web = serve(publisher.address, opens=True, env={**os.environ, "BROWSER": str(browser)})
    wait_until(lambda: seen.exists() and seen.read_text().endswith("\n"), "a browser")
    token = web.address.split("/")[3]
    asked = seen.read_text().strip()
    path = Path(asked.removeprefix("file://"))

    assert asked.startswith("file://")
    assert token not in asked
    assert web.address in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.parent.is_relative_to(runtime)
    assert web.end()[0] == 0
    assert not path.exists()


def test_without_a_screen_nothing_is_opened(runtime, serve, publisher):
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
    }
    web = serve(publisher.address, opens=True, env=env)

    assert list(runtime.rglob("web-*.html")) == []
    assert web.end()[0] == 0


class Kept(Silence):
    """A source that keeps which thread has closed it."""

    def __init__(self):
        super().__init__()
        self.closed_by = []

    def close(self):
        self.closed_by.append(threading.current_thread().name)


class Struck(threading.Thread):
    """Ctrl-C comes while the thread is started."""

    def start(self):
        super().start()
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_while_listening_begins_closes_no_socket_that_is_in_use(runtime, monkeypatch):
    """One thread uses a source, and closes it: libzmq crashed where another one had closed it."""
    monkeypatch.setattr(threading, "Thread", Struck)
    source = Kept()
    options = Namespace(port=0, no_open=True, keys=None, source_root=None)

    assert serving.serve([(source, "it")], options) == 0

    assert source.closed_by == ["pikos-hub"]


def test_what_the_page_is_made_of_comes_with_the_package(repository, tmp_path, python):
    static = repository / "pikos" / "live" / "web" / "static"
    result = python(
        "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--wheel-dir", tmp_path, repository, timeout=LONG_DEADLINE_S,
        env={**os.environ, "PIKOS_REAL_TIME_LSPROF": "0", "PIKOS_EVENTS": "0"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    [wheel] = tmp_path.glob("*.whl")

    within = set(zipfile.ZipFile(wheel).namelist())

    assert {f"pikos/live/web/static/{path.name}" for path in static.iterdir()} <= within
