"""What the page takes: how smooth it is in a real browser, and its server's share of a core."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.figure import Figure
from benchmarks.processor import share_of
from benchmarks.terminal import FEW, FUNCTIONS, INTERVAL_S, published
from benchmarks.viewer import ROOT
from benchmarks.workloads import many_functions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WARM_UP_S = 2.0
FRAMES_GOAL = 30
PANELS = {"f": "functions, scrolled", "b": "bars", "g": "flame graph"}
"""Key of each panel, and what it is called."""

COUNT_FRAMES = """() => {
    const rows = document.querySelector("#functions .rows");
    const frames = (window.frames_seen = []);
    let down = 1;
    const see = (now) => {
        frames.push(now);
        rows.scrollTop += 30 * down;
        if (rows.scrollTop <= 0) down = 1;
        if (rows.scrollTop + rows.clientHeight >= rows.scrollHeight - 1) down = -1;
        if (window.frames_seen === frames) requestAnimationFrame(see);
    };
    requestAnimationFrame(see);
}"""
"""Notes when each frame is drawn, and scrolls the function table meanwhile."""


def measure(*, quick: bool) -> list[Figure]:
    """Measure each panel.

    Parameters
    ----------
    quick
        Whether to be content with few readings.

    Returns
    -------
    list of Figure
        None where there is no Chromium, or no Playwright to drive it.

    """
    seconds = 3.0 if quick else 12.0
    chromium = shutil.which("chromium")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        print("left out: there is no Chromium, or no Playwright to drive it", file=sys.stderr)
        return []
    sync_playwright = importlib.import_module("playwright.sync_api").sync_playwright
    few, all_of_them = many_functions(FEW, times=1), many_functions(FUNCTIONS, times=1)
    figures = []
    with (
        published(all_of_them) as address,
        _served(address) as (pid, url),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(url)
        page.wait_for_selector("#functions tr.row")
        for key, name in PANELS.items():
            page.keyboard.press(key)
            _keep_calling(all_of_them, WARM_UP_S)
            figures.append(_smooth(page, name, all_of_them, seconds))
        page.keyboard.press("f")
        _keep_calling(few, WARM_UP_S)
        for what, call in {"few": few, "all": all_of_them}.items():
            share = share_of(pid, lambda call=call: _keep_calling(call, seconds))
            figures.append(
                Figure(
                    f"pikos web, {FUNCTIONS:,} functions, {what} of them called between two "
                    "pictures: share of a core",
                    100 * share,
                    "%",
                )
            )
        browser.close()
    return figures


def _smooth(page: Any, name: str, call: Callable[[], object], seconds: float) -> Figure:
    page.evaluate(COUNT_FRAMES)
    _keep_calling(call, seconds)
    seen = page.evaluate("() => { const seen = frames_seen; frames_seen = null; return seen; }")
    times_ms = [after - before for before, after in itertools.pairwise(seen)]
    mean_ms = (seen[-1] - seen[0]) / len(times_ms)
    return Figure(
        f"pikos web, {name}, {FUNCTIONS:,} functions at {1 / INTERVAL_S:.0f} Hz: a frame",
        mean_ms,
        "ms",
        goal=round(1e3 / FRAMES_GOAL, 1),
        note=f"{1e3 / mean_ms:.0f} a second; the longest {max(times_ms):.0f} ms",
    )


def _keep_calling(call: Callable[[], object], seconds: float) -> None:
    """Call it at each interval."""
    due_at = time.perf_counter()
    until = due_at + seconds
    while due_at < until:
        call()
        due_at += INTERVAL_S
        time.sleep(max(0.0, due_at - time.perf_counter()))


@contextlib.contextmanager
def _served(address: str) -> Iterator[tuple[int, str]]:
    """Run ``pikos web``; its process id, and the address of its page."""
    command = [sys.executable, "-m", "pikos", "web", "--no-open", address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.kill()
