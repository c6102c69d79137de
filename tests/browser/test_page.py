"""Every control of the page, in a real Chromium, on a real program over the real wire."""

from __future__ import annotations

import re

import pytest
from support.publisher import Publisher
from support.session import PROGRAM as PROGRAM_MADE_UP
from support.waiting import wait_until

PROGRAM = """
import time

def leaf():
    pass

def branch(n):
    for _ in range(n):
        leaf()

def wait():
    time.sleep(0.001)

def main():
    kept = []
    while True:
        branch(20)
        wait()
        kept.append(bytearray(20_000))
        if len(kept) > 2000:
            kept.clear()

def beside():
    while True:
        wait()
        leaf()

with RealTimeProfiler(interval=0.05):
    threading.Thread(target=beside, name="beside", daemon=True).start()
    main()
"""


@pytest.fixture
def page(start, serve, look):
    """The page of a program that goes on."""
    program = start(PROGRAM)
    program.session()
    page = look(serve(program.pid).address)
    page.wait_for_selector("#functions tr.row >> text=leaf")
    return page


def number(text):
    return int(re.sub(r"\D", "", text))


def cell(page, name, column):
    """A cell of the function table."""
    row = page.locator("#functions tr.row", has_text=re.compile(rf"(^|[\d ]){name} \("))
    return row.locator(f"td.{column}").inner_text()


def titles(page):
    return [text.strip("▼▲ ") for text in page.locator("#functions th").all_inner_texts()]


def turn_to(page, panel):
    page.click(f"#panels >> text=/^{panel}$/")


def test_counts_grow_while_the_page_is_looked_at(page):
    before = number(cell(page, "leaf", "calls"))

    wait_until(lambda: number(cell(page, "leaf", "calls")) > before, "more calls")

    assert "live" in page.inner_text("#status")
    assert "calls" in page.inner_text("#sizes")
    assert "RSS" in page.inner_text("#memory")
    assert "sys.monitoring" in page.inner_text("#where") or "3.11" in page.inner_text("#where")


def test_a_heading_sorts_and_again_the_other_way_round(page):
    page.click("#functions th >> text=calls >> nth=0")
    page.wait_for_selector("#functions th[aria-sort=descending] >> text=calls")
    most = number(page.locator("#functions tr.row td.calls").first.inner_text())

    page.click("#functions th[aria-sort=descending]")
    page.wait_for_selector("#functions th[aria-sort=ascending] >> text=calls")
    least = number(page.locator("#functions tr.row td.calls").first.inner_text())

    assert least < most
    assert titles(page)[:2] == ["calls", "primitive"]


def test_a_filter_leaves_what_fits_and_one_without_sense_says_so(page):
    page.fill("#filter", "leaf")
    wait_until(lambda: page.locator("#functions tr.row").count() == 1, "one row")

    page.fill("#filter", "re:(")
    page.wait_for_selector("#notice >> text=makes no sense")

    page.fill("#filter", "")
    wait_until(lambda: page.locator("#functions tr.row").count() > 4, "all rows again")
    assert page.is_hidden("#notice")


def test_keys_choose_a_row_and_lead_to_its_callers_and_source_and_back(page):
    page.focus("#functions .rows")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#functions tr.at")
    chosen = page.inner_text("#functions tr.at td.name")
    page.wait_for_selector(f"#chosen-name >> text={chosen}")

    page.keyboard.press("Enter")
    page.wait_for_selector("#picture >> text=called by")
    assert page.get_attribute("#panels [data-key=f]", "aria-current") == "false"

    page.keyboard.press("Escape")
    page.wait_for_selector("#functions tr.at")


def test_one_row_stays_chosen_when_rows_change_their_places(runtime, serve, look):
    stats = PROGRAM_MADE_UP["stat"]
    with Publisher(state={**PROGRAM_MADE_UP, "open_call": []}) as publisher:
        page = look(serve(publisher.address).address)
        page.wait_for_selector("#functions tr.row >> nth=0 >> text=Worker.work")
        page.focus("#functions .rows")
        page.keyboard.press("ArrowDown")
        page.wait_for_selector("#functions tr.at >> text=Worker.work")

        slept = (stats[1][0], *stats[1][1:4], 90_000_000, 90_000_000)
        publisher.say_made(lambda: publisher.session.rows(stat=[slept]))

        page.wait_for_selector("#functions tr.row >> nth=0 >> text=sleep")
        assert page.locator("#functions tr.at").all_inner_texts() == [
            page.locator("#functions tr.row", has_text="Worker.work").inner_text()
        ]
        page.keyboard.press("ArrowUp")
        page.wait_for_selector("#functions tr.at >> text=sleep")


def test_the_chosen_function_has_buttons_for_callers_and_source(page):
    page.locator("#functions tr.row", has_text="branch (").click()

    page.click("#chosen-callers")
    page.wait_for_selector("#picture >> text=called by")
    page.locator("#picture [data-key]", has_text="leaf").first.dblclick()
    page.wait_for_selector("#chosen-name >> text=leaf")
    page.click("#chosen-source")
    page.wait_for_selector("#source >> visible=true")
    page.wait_for_selector("#notice >> text=cannot be read")
    page.click("#chosen-none")

    page.wait_for_selector("#chosen", state="hidden")


def test_each_key_does_what_the_help_says(page):
    page.locator("#functions tr.row", has_text="branch (").click()
    page.wait_for_selector("#chosen-name >> text=branch")

    page.keyboard.press("d")
    page.wait_for_selector("#picture >> text=called by")
    page.keyboard.press("l")
    page.wait_for_selector("#source >> visible=true")
    page.keyboard.press("o")
    page.wait_for_selector("#picture >> text=beside")
    page.keyboard.press("f")
    page.keyboard.press("/")
    page.keyboard.type("leaf")
    wait_until(lambda: page.locator("#functions tr.row").count() == 1, "one row")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    wait_until(lambda: page.locator("#functions tr.row").count() > 4, "all rows again")
    page.keyboard.press("r")
    page.wait_for_selector("#sizes >> text=counted since")
    page.keyboard.press("R")
    page.wait_for_selector("#since[aria-pressed=false]")


def test_a_paused_page_stands_still_and_goes_on(page):
    page.click("#pause")
    page.wait_for_selector("#pause[aria-pressed=true]")
    page.wait_for_selector("#status >> text=paused")
    still = cell(page, "leaf", "calls")
    age = page.inner_text("#status")
    wait_until(lambda: page.inner_text("#status") != age, "an older moment")
    assert cell(page, "leaf", "calls") == still

    page.keyboard.press("p")

    wait_until(lambda: cell(page, "leaf", "calls") != still, "news")


def test_from_now_on_only_what_comes_is_counted(page):
    wait_until(lambda: number(cell(page, "leaf", "calls")) > 5000, "many calls")
    whole = number(cell(page, "leaf", "calls"))

    page.click("#since")
    page.wait_for_selector("#sizes >> text=counted since")
    assert number(cell(page, "leaf", "calls")) < whole

    page.click("#reset")
    page.wait_for_selector("#since[aria-pressed=false]")
    wait_until(lambda: number(cell(page, "leaf", "calls")) >= whole, "all calls")


def test_one_thread_can_be_looked_at_alone(page):
    page.wait_for_selector("#thread option >> text=beside", state="attached")

    page.select_option("#thread", label="beside")

    page.wait_for_selector("#sizes >> text=of beside alone")
    wait_until(lambda: "branch" not in page.inner_text("#functions"), "no other thread's functions")
    page.keyboard.press("a")
    page.locator("#functions tr.row", has_text="branch (").wait_for()


@pytest.mark.parametrize(
    ("panel", "text"),
    [("open calls", "beside"), ("threads", "all threads together")],
)
def test_a_panel_of_the_terminal_is_shown_as_text(page, panel, text):
    turn_to(page, panel)

    page.wait_for_selector(f"#picture >> text={text}")


def test_threads_are_chosen_by_keys_in_their_panel(page):
    turn_to(page, "threads")
    page.wait_for_selector("#picture >> text=all threads together")

    page.focus("#picture")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#picture .chosen >> text=MainThread")
    page.keyboard.press("Enter")

    page.wait_for_selector("#sizes >> text=of MainThread alone")


def test_the_address_brings_back_what_was_chosen(page):
    page.click("#functions th >> text=cumulative")
    page.fill("#filter", "leaf")
    page.wait_for_selector("#functions th[aria-sort=descending] >> text=cumulative")

    page.reload()

    page.wait_for_selector("#functions th[aria-sort=descending] >> text=cumulative")
    wait_until(lambda: page.locator("#functions tr.row").count() == 1, "one row")
    assert page.input_value("#filter") == "leaf"


def test_a_server_that_has_gone_is_told_of(start, serve, look):
    program = start(PROGRAM)
    program.session()
    server = serve(program.pid)
    page = look(server.address, expected="ERR_CONNECTION_REFUSED")
    page.wait_for_selector("#functions tr.row")

    assert server.end()[0] == 0

    page.wait_for_selector("#notice >> text=has pikos web ended?")


def test_the_help_has_the_keys_that_there_are(page):
    page.keyboard.press("?")
    page.wait_for_selector("#help dl >> text=this help")
    keys = page.locator("#help dt").all_inner_texts()
    panels = page.locator("#panels button").evaluate_all("all => all.map((one) => one.dataset.key)")
    assert set(panels) <= set(keys)

    page.keyboard.press("t")
    page.wait_for_selector("#help", state="hidden")
    page.wait_for_selector("#picture >> text=all threads together")
