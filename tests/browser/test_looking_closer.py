"""From what is seen to what is behind it and back, in a real Chromium."""

from __future__ import annotations

import pytest
from support.publisher import Publisher
from support.session import PROGRAM
from support.waiting import wait_until
from support.web import middle_of, names_of_bars

LINE = 150
MANY = 300


@pytest.fixture
def page(runtime, serve, look, tmp_path):
    """The page of a program with many functions, one of them far down in its file."""
    file = tmp_path / "worker.py"
    file.write_text("".join(f"line_{number} = {number}\n" for number in range(1, 2 * LINE)))
    main, *others = PROGRAM["function"]
    others += [(number, 0, 1, f"f{number}", f"f{number}", str(file)) for number in range(10, MANY)]
    stats = PROGRAM["stat"] + [(number, 1, 0, 0, number, number) for number in range(10, MANY)]
    functions = [(*main[:2], LINE, *main[3:5], str(file)), *others]
    with Publisher(state={**PROGRAM, "function": functions, "stat": stats}) as publisher:
        page = look(serve(publisher.address, "--source-root", tmp_path).address)
        page.wait_for_selector("#functions tr.row >> text=Worker.work")
        page.wait_for_selector("#status >> text=live")
        yield page


def is_in_sight(page, text):
    """Whether a line of the source lies in the part of the panel that is seen."""
    return page.evaluate(
        """(text) => {
            const rows = [...document.querySelectorAll('#source tr.row')];
            const row = rows.find((each) => each.textContent.includes(text));
            if (!row) return false;
            const room = document.querySelector('#source .rows').getBoundingClientRect();
            const box = row.getBoundingClientRect();
            return room.top < box.top && box.bottom < room.bottom;
        }""",
        text,
    )


def test_a_double_click_on_a_bar_shows_its_callers_and_escape_leads_back(page):
    """V3: the bars stayed, all of them in sight at once, and each redraw took a second.

    V4: the source began with its first line, wherever the function is.
    """
    page.keyboard.press("b")
    page.wait_for_selector("#bars-chart .bars .point")
    at_first = names_of_bars(page)
    assert 10 < len(at_first) <= 30

    page.mouse.dblclick(*middle_of(page, "#bars-chart .bars .point path"))

    page.wait_for_selector("#picture >> text=called by")
    page.wait_for_selector("#chosen-name >> text=main")
    page.keyboard.press("l")
    wait_until(lambda: is_in_sight(page, f"line_{LINE} ="), "the function's line is in sight")
    page.wait_for_selector(f"#source tr.at >> text=line_{LINE} =")
    page.reload()
    wait_until(lambda: is_in_sight(page, f"line_{LINE} ="), "in sight again after a reload")

    page.keyboard.press("Escape")
    page.wait_for_selector("#picture >> text=called by")
    page.keyboard.press("Escape")
    page.wait_for_selector("#bars-chart .bars .point")
    wait_until(lambda: 10 < len(names_of_bars(page)) <= len(at_first), "the names that there were")
    shown = names_of_bars(page)
    assert shown == at_first[: len(shown)]

    page.mouse.move(*middle_of(page, "#bars-chart .nsewdrag"))
    for _ in range(30):
        page.mouse.wheel(0, 300)
    wait_until(
        lambda: page.evaluate(
            "Math.abs(document.getElementById('bars-chart')._fullLayout.yaxis.range[0]) > 100"
        ),
        "zoomed out",
    )
    assert len(names_of_bars(page)) <= 60


def test_escape_leads_back_into_the_flame_graph_as_it_was(page):
    """V12: callers were left for the function table, and the zoom was lost."""
    page.keyboard.press("g")
    page.wait_for_selector("#flame-told >> text=all calls:")
    page.focus("#flame-canvas")
    for name in ("main", "Worker.work"):
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(f"#flame-told >> text=/^{name}/")
    page.keyboard.press("Enter")
    wait_until(lambda: page.url.endswith("zoom=%2F1%2F2"), "zoomed in")

    page.keyboard.press("d")
    page.wait_for_selector("#picture >> text=called by")
    page.locator("#picture [data-key]", has_text="sleep").first.dblclick()
    page.wait_for_selector("#chosen-name >> text=sleep")
    page.keyboard.press("Escape")
    page.wait_for_selector("#chosen-name >> text=Worker.work")
    page.keyboard.press("Escape")

    page.wait_for_selector("#flame-told >> text=/^Worker.work/")
    assert "zoom=%2F1%2F2" in page.url
    page.keyboard.press("Escape")
    wait_until(lambda: page.url.endswith("zoom=%2F1"), "zoomed out by one call")
