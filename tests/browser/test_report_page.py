"""The pages that ``pikos report`` and ``pikos diff`` write, in a real Chromium, by themselves."""

from __future__ import annotations

import re

import pytest
from support.waiting import wait_until

PROGRAM = """
def leaf():
    pass

def branch(n):
    for _ in range(n):
        leaf()

def main():
    branch({times})
    sorted(range(100_000))

main()
"""


@pytest.fixture
def pikos(python, runtime):
    """Run a command that is to succeed."""

    def run(*arguments):
        done = python("-m", "pikos", *arguments)
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture
def recordings(pikos, tmp_path):
    """Two recordings of a program, the second one of more calls."""
    for name, times in {"a": 2_000, "b": 7_000}.items():
        (tmp_path / "program.py").write_text(PROGRAM.format(times=times))
        pikos("run", "--record", f"{name}.pikos", "program.py")
    return tmp_path


@pytest.fixture
def alone(browser):
    """Open a file; it may fetch nothing, and say nothing on the console."""
    contexts, troubles = [], []

    def alone(path):
        contexts.append(browser.new_context(offline=True))
        page = contexts[-1].new_page()
        page.on("request", lambda asked: asked.url == path.as_uri() or troubles.append(asked.url))
        page.on("console", lambda said: troubles.append(said.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield alone
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def report(pikos, recordings, alone):
    pikos("report", "b.pikos", "--html", "-o", "b.html")
    return alone(recordings / "b.html")


def width(locator):
    return float(locator.get_attribute("width").rstrip("%"))


def test_a_click_zooms_into_a_call_and_out_again(report):
    page = report
    branch = page.locator(".flame > svg").filter(has_text=re.compile(r"^branch")).first
    whole = page.locator(".flame > svg").first
    before = width(branch)
    assert before < 99

    branch.click()
    assert width(branch) == pytest.approx(100)
    gone = page.locator(".flame > svg").filter(has_text=re.compile("sorted")).first
    assert not gone.is_visible()

    whole.click()
    assert width(branch) == pytest.approx(before, abs=0.01)
    assert gone.is_visible()


def test_names_are_found_in_both_the_flame_graph_and_the_table(report):
    page = report

    page.fill("#search", "LEAF")

    rows = page.locator("tbody > tr:visible")
    wait_until(lambda: rows.count() == 1, "one row")
    assert "leaf" in rows.inner_text()
    assert page.locator(".flame > svg.found").count() == 1
    page.fill("#search", "")
    wait_until(lambda: rows.count() > 3, "all rows")
    assert page.locator(".flame > svg.found").count() == 0


def test_a_heading_sorts_by_value_and_again_the_other_way_round(report):
    page = report
    head = page.locator("thead th", has_text="calls").first
    column = [text.strip() for text in page.locator("thead th").all_inner_texts()].index(
        head.inner_text().strip()
    )

    def values():
        cells = page.locator(f"tbody > tr > td:nth-child({column + 1})")
        return cells.evaluate_all("all => all.map((one) => Number(one.dataset.v))")

    head.click()
    assert values() == sorted(values(), reverse=True)
    assert max(values()) == 7_000
    head.click()
    assert values() == sorted(values())
    assert head.get_attribute("aria-sort") == "ascending"


def test_the_flame_graph_of_differences_stands_alone_too(pikos, recordings, alone):
    pikos("diff", "a.pikos", "b.pikos", "--flame", "d.html")

    page = alone(recordings / "d.html")

    leaf = page.locator(".flame > svg").filter(has_text=re.compile("leaf")).first
    assert "2,000 calls → 7,000 calls" in leaf.text_content()
