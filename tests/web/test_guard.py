"""Who is kept out: strangers without the token, pages of other sites, names of other hosts."""

from __future__ import annotations

import asyncio

import pytest
from support.asgi import ask
from web.conftest import TOKEN

from pikos.live.web.app import web_app
from pikos.live.web.guard import HEADERS, new_token

PATHS = ["", "view", "static/main.js", "static/plotly.min.js"]


@pytest.mark.parametrize("path", PATHS)
def test_who_knows_the_token_is_answered(asked, path):
    assert asked(path).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("begin", ["/", "/the-tokem/", "/the-token2/", "//", "/%00/", "/\xe9/"])
def test_who_does_not_know_the_token_is_refused(app, begin, path):
    answer = ask(app, begin + path)

    assert answer.status == 403
    assert b"open the address that pikos web has printed" in answer.body


@pytest.mark.parametrize("path", ["keep", "seek"])
def test_what_changes_something_needs_the_token_and_a_post(app, hub, path):
    assert ask(app, f"/{TOKEN}/{path}", by="1").status == 403
    assert hub.kept(1) is None
    assert ask(app, f"/{TOKEN}/{path}", by="1", method="POST").status == 200
    assert ask(app, f"/wrong/{path}", by="1", method="POST").status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8800", "localhost:8800", "[::1]:8800", "localhost"])
def test_names_of_this_machine_are_answered(asked, host):
    assert asked("view", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8800",
        "127.0.0.1.evil.example",
        "",
        None,
        "[::1",
        "@",
        "a" * 9999,
    ],
    ids=lambda host: str(host)[:30],
)
def test_another_host_is_refused(asked, host):
    answer = asked("view", host=host)

    assert answer.status == 403
    assert b"this host is not one of ours" in answer.body
    assert len(answer.body) < 200


def test_two_hosts_are_refused(asked):
    assert asked("view", more=[("host", "evil.example")]).status == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8800", "https://127.0.0.1:8800"])
def test_a_page_of_ours_is_answered(asked, origin):
    assert asked("view", more=[("origin", origin)]).status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://127.0.0.1:8801",
        "http://localhost:8800",
        "file://",
    ],
)
@pytest.mark.parametrize(("path", "method"), [("view", "GET"), ("keep", "POST")])
def test_a_page_of_another_site_is_refused(asked, hub, path, method, origin):
    answer = asked(path, method=method, more=[("origin", origin)])

    assert answer.status == 403
    assert b"this page is not one of ours" in answer.body
    assert hub.kept(1) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
@pytest.mark.parametrize("path", [f"/{TOKEN}/", f"/{TOKEN}/view", f"/{TOKEN}/static/no", "/"])
def test_every_answer_allows_scripts_of_ours_alone(app, host, path):
    headers = ask(app, path, host=host).headers

    assert HEADERS.items() <= {name.title(): value for name, value in headers.items()}.items()
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


def test_a_websocket_is_refused(app):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": f"/{TOKEN}/view", "headers": [(b"host", b"127.0.0.1")]}
    asyncio.run(app(scope, None, send))

    assert [message["type"] for message in sent] == ["websocket.close"]


def test_no_two_tokens_are_alike():
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) >= 22


def test_mounted_in_another_application_it_is_that_one_which_lets_people_in(hub):
    routing = pytest.importorskip("starlette.routing")
    applications = pytest.importorskip("starlette.applications")
    inner = web_app(hub, token="", hosts={"profiles.example"})
    outer = applications.Starlette(routes=[routing.Mount("/profiles", app=inner)])

    assert ask(outer, "/profiles/", host="profiles.example").status == 200
    assert ask(outer, "/profiles/static/main.js", host="profiles.example").status == 200
    told = ask(outer, "/profiles/view", host="profiles.example").told
    assert told["tabs"]
    assert ask(outer, "/profiles/view").status == 403
    assert ask(outer, "/view", host="profiles.example").status == 404
