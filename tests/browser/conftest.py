"""Fixtures of the tests here: a real Chromium, real programs, the real wire."""

from __future__ import annotations

import pytest
from support.deadlines import DEADLINE_S
from support.programs import start
from support.runtime import runtime
from support.web import ARTEFACTS, CHROMIUM, serve

__all__ = ["runtime", "serve", "start"]


@pytest.fixture(scope="module")
def browser():
    """A browser without a window."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=1000 * DEADLINE_S
        )
        yield browser
        browser.close()


@pytest.fixture
def look(browser, request):
    """Open pages; at the end their console is to be free of errors, and a picture is kept."""
    pages, troubles = [], []

    def look(address, *, width=1280, height=720, scheme="light", expected="\0"):
        def note(trouble):
            if expected not in trouble:
                troubles.append(trouble)

        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        context.set_default_timeout(1000 * DEADLINE_S)
        page = context.new_page()
        page.on("console", lambda said: said.type in {"error", "warning"} and note(said.text))
        page.on("pageerror", lambda error: note(str(error)))
        page.on("dialog", lambda dialog: note(dialog.message))
        page.goto(address)
        page.wait_for_selector("#tabs button")
        pages.append((context, page))
        return page

    yield look
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for number, (context, page) in enumerate(pages):
        name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
        page.screenshot(path=ARTEFACTS / f"{name}-{number}.png")
        context.close()
    assert troubles == []
