"""A hostile publisher: nothing that it sends becomes more than text in the page."""

from __future__ import annotations

import json
import struct

import pytest
from support.publisher import Publisher
from support.session import PROGRAM, MadeUpSession
from support.web import middle_of

from pikos.wire import tables
from pikos.wire.tables import Column, Table

NAMES = [
    "<img src=x onerror=document.title='owned'>",
    "</script><script>document.title='owned'</script>",
    "<a href=\"javascript:document.title='owned'\">click</a>",
    "${document.title='owned'}`'\"&lt;b&gt;&amp;",
    "\u202e\x1b[31m\x00evil\r\n" + "x" * 3000,
]
PANELS = "fbgmotl?"


def state_of(name):
    return {
        **PROGRAM,
        "function": [(number, number % 2, 1, name, name, name) for number in (1, 2, 3)],
        "thread": [(1, 111, 4242, 1, 1, 3, name)],
    }


def unharmed(page):
    """Whether nothing of a stranger's was taken for markup."""
    return page.evaluate(
        """() => document.title === "Pikos"
            && !document.querySelector("img, iframe, main a[href], b")
            && [...document.scripts].every((script) => script.src.startsWith(location.origin))"""
    )


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_that_is_markup_is_shown_as_text(runtime, serve, look, name):
    session = MadeUpSession(argv=[name], host=name, clock=name, mechanism=name)
    with Publisher(session=session, state=state_of(name)) as publisher:
        page = look(serve(publisher.address).address)
        page.wait_for_selector("#functions tr.row")
        shown = page.inner_text("#functions tr.row >> nth=0")
        page.locator("#functions tr.row").first.click()
        for key in PANELS:
            page.keyboard.press(key)
            page.wait_for_timeout(350)
            assert unharmed(page)
        page.keyboard.press("b")
        page.mouse.move(*middle_of(page, "#bars-chart .bars .point path"))
        page.wait_for_timeout(200)
        assert unharmed(page)

    assert name[:20] in shown or "\\u202e\\x1b[31m\\x00evil\\r\\n" in shown


def test_records_that_are_markup_are_shown_as_text(runtime, serve, look):
    name = NAMES[0]
    table = Table(200, name, "append", (), (Column(name, "str"), Column("n<b>", "i64")))
    session = MadeUpSession(publishes="records", argv=[name])
    with Publisher(session=session, state={}) as publisher:
        page = look(serve(publisher.address).address)
        publisher.say_made(lambda: session.hello(table))
        publisher.say_made(lambda: session.records(table, [(name, n) for n in range(50)]))
        page.locator("#records tr.row").first.wait_for()
        for key in "em?":
            page.keyboard.press(key)
            page.wait_for_timeout(400)
            assert unharmed(page)


def test_ten_megabytes_of_a_name_are_refused_and_told(runtime, serve, look):
    with Publisher() as publisher:
        page = look(serve(publisher.address).address)
        page.wait_for_selector("#functions tr.row")
        facts = {**publisher.session.facts, "argv": ["x" * 10_000_000], "tables": []}
        body = json.dumps(facts).encode()
        size = struct.pack("<I", tables.ENVELOPE_SIZE + len(body))
        publisher.say(publisher.session.hello()[: tables.ENVELOPE_SIZE - 4] + size + body)

        page.wait_for_selector("#losses >> text=/[0-9] messages? refused/")
        assert unharmed(page)
        page.wait_for_selector("#functions tr.row >> text=Worker.work")


def test_a_hundred_thousand_functions_are_scrolled_through(runtime, serve, look):
    many = 100_000
    state = {
        "function": [(n, 0, n, f"f{n}", f"f{n}", "/many.py") for n in range(1, many + 1)],
        "stat": [(n, 1, 0, 0, many + 1 - n, n) for n in range(1, many + 1)],
        "session": PROGRAM["session"],
    }
    with Publisher(state=state) as publisher:
        page = look(serve(publisher.address).address)
        page.wait_for_selector("#functions tr.row >> text=f1 (")

        page.focus("#functions .rows")
        page.keyboard.press("End")
        page.locator("#functions tr.row.at", has_text=f"f{many} (").wait_for()
        assert page.locator("#functions tr.row").count() < 200
        page.evaluate("document.querySelector('#functions .rows').scrollTop = 24 * 49_999")
        page.wait_for_selector("#functions tr.row >> text=f50000 (")
        page.fill("#filter", "f77777")

        page.wait_for_selector("#functions tr.row >> text=f77777 (")
        assert page.locator("#functions tr.row").count() == 1
