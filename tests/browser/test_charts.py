"""The charts and the flame graph, in a real Chromium, on a real program over the real wire."""

from __future__ import annotations

import re

import pytest
from support.waiting import wait_until
from support.web import middle_of, names_of_bars

from pikos.live.text import count, duration

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
        branch(4000)
        wait()
        kept.append(bytearray(200_000))
        if len(kept) > 200:
            kept.clear()

with RealTimeProfiler(interval=0.05):
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


def range_of(page, chart, axis):
    return page.evaluate(f"document.getElementById('{chart}')._fullLayout.{axis}.range.map(Number)")


def points_of(page, chart):
    return page.evaluate(f"document.getElementById('{chart}').data[0].x.length")


def drag(page, begin, end):
    page.mouse.move(*begin)
    page.mouse.down()
    page.mouse.move(*[(a + b) / 2 for a, b in zip(begin, end, strict=True)])
    page.mouse.move(*end)
    page.mouse.up()


def newer(page):
    """Wait for a later answer."""
    before = page.inner_text("#sizes")
    wait_until(lambda: page.inner_text("#sizes") != before, "news")


# Bars


@pytest.fixture
def bars(page):
    page.keyboard.press("b")
    page.wait_for_selector("#bars-chart .bars .point")
    return page


def test_bars_have_the_value_and_the_order_that_are_chosen(bars):
    page = bars

    page.select_option("#bars-value", "calls")
    wait_until(lambda: names_of_bars(page)[0].startswith("leaf "), "the most called first")
    assert "calls" in page.text_content("#bars-chart .xtitle")

    page.select_option("#bars-order", "name")
    wait_until(lambda: names_of_bars(page) == sorted(names_of_bars(page)), "names in order")

    page.select_option("#bars-order", "least")
    wait_until(lambda: "leaf " not in names_of_bars(page)[0], "the least first")


def test_a_bar_is_chosen_by_a_click(bars):
    page = bars
    page.select_option("#bars-value", "calls")
    wait_until(lambda: names_of_bars(page)[0].startswith("leaf "), "the most called first")

    page.mouse.click(*middle_of(page, "#bars-chart .bars .point path"))

    page.wait_for_selector("#chosen-name >> text=leaf")


def test_the_view_of_the_bars_stays_while_data_flow_until_it_is_reset(bars):
    page = bars
    at_first = range_of(page, "bars-chart", "yaxis")

    page.mouse.move(*middle_of(page, "#bars-chart .nsewdrag"))
    page.mouse.wheel(0, -300)
    wait_until(lambda: range_of(page, "bars-chart", "yaxis") != at_first, "zoomed")
    x, y = middle_of(page, "#bars-chart .nsewdrag")
    zoomed = range_of(page, "bars-chart", "yaxis")
    drag(page, (x, y), (x, y - 60))
    wait_until(lambda: range_of(page, "bars-chart", "yaxis") != zoomed, "panned")
    panned = range_of(page, "bars-chart", "yaxis")
    newer(page)
    newer(page)
    assert range_of(page, "bars-chart", "yaxis") == panned

    page.click("#bars-reset")

    wait_until(lambda: range_of(page, "bars-chart", "yaxis") == at_first, "as at first")


# Series


@pytest.fixture
def series(page):
    page.keyboard.press("m")
    page.wait_for_selector("#series-chart .scatterlayer .point")
    wait_until(lambda: points_of(page, "series-chart") > 8, "points")
    return page


def test_memory_is_told_in_mib_as_line_and_points(series):
    page = series
    rss_mib = page.evaluate("document.getElementById('series-chart').data[0].y.at(-1)")

    assert page.text_content("#series-chart .ytitle") == "RSS (MiB)"
    assert 5 < rss_mib < 500
    assert page.locator("#series-chart .scatterlayer .js-line").count() == 1


def test_any_number_is_shown_against_index_or_time(series):
    page = series

    page.select_option("#series-y", "messages")
    page.select_option("#series-x", "index")
    wait_until(lambda: page.text_content("#series-chart .xtitle") == "index", "index")
    page.select_option("#series-x", "time")

    wait_until(lambda: page.text_content("#series-chart .xtitle") == "time (s)", "time")
    assert page.text_content("#series-chart .ytitle") == "messages"
    assert page.evaluate("document.getElementById('series-chart').data[0].x.at(-1)") < 60


def test_the_newest_points_are_followed_as_many_as_are_wanted(series):
    page = series

    page.fill("#series-points", "4")
    page.keyboard.press("Enter")

    wait_until(lambda: points_of(page, "series-chart") == 4, "four points")
    last = range_of(page, "series-chart", "xaxis")[1]
    wait_until(lambda: range_of(page, "series-chart", "xaxis")[1] > last, "newer points in sight")
    page.uncheck("#series-follow")
    wait_until(lambda: points_of(page, "series-chart") > 8, "all points")


@pytest.mark.parametrize("how", ["wheel", "box"])
def test_what_is_zoomed_into_stays_while_data_flow_until_it_is_reset(series, how):
    page = series
    x, y = middle_of(page, "#series-chart .nsewdrag")

    if how == "wheel":
        page.mouse.move(x, y)
        page.mouse.wheel(0, -300)
    else:
        drag(page, (x, y), (x + 150, y + 80))
    wait_until(lambda: not page.is_checked("#series-follow"), "following has ended")
    newer(page)
    zoomed = range_of(page, "series-chart", "xaxis")
    newer(page)
    newer(page)
    assert range_of(page, "series-chart", "xaxis") == zoomed

    page.click("#series-reset")

    wait_until(lambda: range_of(page, "series-chart", "xaxis") != zoomed, "all points")
    last = page.evaluate("document.getElementById('series-chart').data[0].x.at(-1)")
    assert range_of(page, "series-chart", "xaxis")[1] >= last


def test_a_series_is_moved_along_by_its_pan_button(series):
    page = series
    page.hover("#series-chart .nsewdrag")
    page.click("#series-chart .modebar-btn[data-title=Pan]")
    newer(page)  # the button stays down while data flow
    newer(page)
    x, y = middle_of(page, "#series-chart .nsewdrag")
    begin, end = range_of(page, "series-chart", "xaxis")

    drag(page, (x, y), (x + 200, y))

    wait_until(lambda: range_of(page, "series-chart", "xaxis")[0] < begin, "what came before")
    wait_until(lambda: not page.is_checked("#series-follow"), "following has ended")
    panned = range_of(page, "series-chart", "xaxis")
    newer(page)
    newer(page)
    assert range_of(page, "series-chart", "xaxis") == panned
    assert panned[1] - panned[0] >= 0.99 * (end - begin)


def test_a_click_on_a_point_tells_all_its_fields(series):
    page = series
    page.click("#pause")
    page.wait_for_selector("#status >> text=paused")
    page.select_option("#series-x", "index")
    wait_until(lambda: page.text_content("#series-chart .xtitle") == "index", "index")
    newer_x = page.evaluate("document.getElementById('series-chart').data[0].x[3]")
    point = middle_of(page, "#series-chart .scatterlayer .point >> nth=3")

    page.mouse.move(*point)
    page.wait_for_selector("#series-chart .hoverlayer .hovertext")
    page.mouse.click(*point)

    page.wait_for_selector("#series-point:not([hidden])")
    told = page.inner_text("#series-point")
    assert re.search(rf"index\s+{newer_x}\b", told)
    assert re.search(r"RSS\s+\d+\.\d+ MiB", told)
    assert "contexts" in told


# Flame graph


@pytest.fixture
def flame(page):
    page.keyboard.press("g")
    page.wait_for_selector("#flame-told >> text=all calls:")
    return page


def bar(page, name):
    """Where the first bar of a name is, as the page would draw it."""
    return page.evaluate(
        """async (name) => {
            const answer = await (await fetch(`view?width=1280&${location.hash.slice(1)}`)).json();
            const {nodes, names} = answer.panel;
            const depth = (at) => at < 0 ? -1 : depth(nodes[at][0]) + 1;
            const at = nodes.findIndex((node) => names[node[1]][0] === name);
            const box = document.getElementById('flame-canvas').getBoundingClientRect();
            const [, , begin, width] = nodes[at];
            return {
                x: box.left + box.width * (begin + width / 2),
                y: box.top + 20 * depth(at) + 10,
                width,
            };
        }""",
        name,
    )


def test_a_click_zooms_in_and_buttons_lead_out(flame):
    page = flame
    page.click("#pause")
    page.wait_for_selector("#status >> text=paused")
    place = bar(page, "branch")
    assert place["width"] < 0.9

    page.mouse.click(place["x"], place["y"])
    page.wait_for_selector("#flame-told >> text=/^branch /")
    wait_until(lambda: bar(page, "branch")["width"] > 0.99, "branch fills the width")
    page.wait_for_selector("#chosen-name >> text=branch")

    page.click("#flame-out")
    wait_until(lambda: bar(page, "branch")["width"] < 0.99, "its caller is there")
    page.click("#flame-reset")
    wait_until(lambda: "zoom" not in page.url, "all calls")


def test_a_bar_tells_its_cost_where_it_is_pointed_at(flame):
    page = flame
    page.click("#pause")
    page.wait_for_selector("#status >> text=paused")
    place = bar(page, "branch")

    page.mouse.move(place["x"], place["y"])

    page.wait_for_selector("#tip >> text=/branch .*: .* · .* % · [0-9,]+ calls/")
    page.mouse.move(5, 5)
    page.wait_for_selector("#tip", state="hidden")


def test_the_filter_tells_calls_apart(flame):
    """V15: the filter did nothing in the flame graph."""
    page = flame

    page.keyboard.press("/")
    page.keyboard.type("LEAF")
    page.wait_for_selector("#flame-found >> text=/1 call passes the filter: .* %/")
    page.fill("#filter", "no such call")
    page.wait_for_selector("#flame-found >> text=0 calls pass")
    page.fill("#filter", "re:(")
    page.wait_for_selector("#notice >> text=makes no sense")


def test_the_flame_graph_is_gone_through_by_keys(flame):
    page = flame
    page.focus("#flame-canvas")

    for _ in range(6):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("#chosen-name >> visible=true")
    page.keyboard.press("Enter")
    wait_until(lambda: "zoom=" in page.url, "zoomed in")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    while "zoom=" in page.url:
        page.keyboard.press("Escape")
        page.wait_for_timeout(50)

    assert page.is_visible("#flame")


def colours_of_the_flame_graph(page):
    return page.evaluate(
        """() => {
            const canvas = document.getElementById('flame-canvas');
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, 100);
            const seen = new Set();
            for (let at = 0; at < data.length; at += 4) seen.add(data.slice(at, at + 4).join());
            return seen.size;
        }"""
    )


def test_the_flame_graph_is_drawn_and_grows(flame):
    page = flame
    before = page.inner_text("#flame-told")

    wait_until(lambda: colours_of_the_flame_graph(page) > 10, "bars of many colours")
    wait_until(lambda: page.inner_text("#flame-told") != before, "more time")


@pytest.mark.parametrize("ns", [0, 999, 1000, 12_345_678, 10**9, 123 * 10**9, 4 * 10**13, 10**16])
def test_the_page_writes_numbers_as_the_server_does(flame, ns):
    written = flame.evaluate(
        f"import('./static/units.js').then((units) => [units.duration({ns}), units.count({ns})])"
    )

    assert written[0] == duration(ns)
    assert written[1] == count(ns) or ns >= 10**9
