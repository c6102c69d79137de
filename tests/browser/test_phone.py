"""The page on a screen of 390 pixels, with real clicks."""

from __future__ import annotations

from contextlib import ExitStack

from support.publisher import Publisher
from support.session import MadeUpSession
from support.waiting import wait_until

from pikos.wire.tables import Column, Table

WIDTH = 390
MEMORY = Table(
    200,
    "FunctionMemoryRecord",
    "append",
    (),
    (
        Column("index", "i64"),
        Column("type", "str"),
        Column("function", "str"),
        Column("RSS", "i64"),
        Column("VMS", "i64"),
        Column("lineNo", "i64"),
        Column("filename", "str"),
    ),
)
ROWS = [(n, "call", "a_function", 10**8, 10**9, n, "/src/app.py") for n in range(30)]

CONTROLS = "nav button, footer button, select, input, #tools button, .tools button"
OUTSIDE = """([selector, width]) => [...document.querySelectorAll(selector)]
    .filter((each) => each.checkVisibility())
    .map((each) => [each.getBoundingClientRect(), each.textContent])
    .filter(([box]) => box.width && (box.left < 0 || box.right > width))
    .map(([, text]) => text)"""
HIT = """(selector) => [...document.querySelectorAll(selector)].every((each) => {
    each.scrollIntoView({inline: 'nearest'});
    const {left, right, top, bottom} = each.getBoundingClientRect();
    return [left + 4, (left + right) / 2, right - 4].every((x) =>
        each.contains(document.elementFromPoint(x, (top + bottom) / 2)));
})"""


def test_everything_can_be_reached_and_read_on_a_phone(runtime, serve, look):
    """V9: tabs lay over one another, panels' buttons ran off, names were lost."""
    sessions = [MadeUpSession(bytes([n]) * 16, pid=4240 + n) for n in range(1, 5)]
    recorder = MadeUpSession(b"a monitor's rows", publishes="records", pid=4250)
    with ExitStack() as stack:
        publishers = [stack.enter_context(Publisher(session=one)) for one in sessions]
        publishers.append(stack.enter_context(Publisher(session=recorder, state={})))
        addresses = [publisher.address for publisher in publishers]
        page = look(serve(*addresses).address, width=WIDTH, height=844)
        publishers[-1].say_made(lambda: recorder.hello(MEMORY))
        publishers[-1].say_made(lambda: recorder.records(MEMORY, ROWS))
        page.wait_for_selector("#functions tr.row >> text=Worker.work")
        wait_until(lambda: page.locator("#tabs button").count() == 6, "all tabs")

        assert page.evaluate(HIT, "#tabs button")  # no tab lies over another
        for pid in (4243, 4241):
            page.click(f"#tabs >> text={pid}")
            page.wait_for_selector(f"#who >> text=process {pid}")

        page.locator("#functions tr.row", has_text="Worker.work").click()
        for name in ("bars", "flame graph", "memory", "source", "open calls", "threads"):
            page.click(f"#panels >> text=/^{name}$/")
            page.wait_for_selector(f"#panels [aria-current=true] >> text=/^{name}$/")
            assert page.evaluate(OUTSIDE, [CONTROLS, WIDTH]) == []

        assert page.evaluate(OUTSIDE, ["#picture .name", WIDTH]) == []
        page.wait_for_selector("#picture .name >> text=MainThread")
        page.click("#chosen-callers")
        page.wait_for_selector("#picture >> text=called by")
        assert "main (app.py:3)" in page.inner_text("#picture")
        assert page.evaluate(OUTSIDE, ["#picture .name", WIDTH]) == []

        page.click("#tabs >> text=4250")
        page.locator("#records tr.row", has_text="a_function").first.wait_for()
        assert page.evaluate(OUTSIDE, ["#records tr.row td:nth-child(3)", WIDTH]) == []
        whole = "(cell) => cell.scrollWidth <= cell.clientWidth"
        assert page.locator("#records tr.row td:nth-child(3)").first.evaluate(whole)
        assert page.evaluate("document.documentElement.scrollWidth") == WIDTH
