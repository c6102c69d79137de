"""Takes pictures of the viewers, of a real run of the demo, for the documentation.

Usage: python tools/screenshots.py DIRECTORY
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from pikos.live import subscribe
from pikos.live.sessions import list_sessions
from pikos.live.state import ViewState
from pikos.live.tui import Screen
from pikos.live.viewer import Viewer
from pikos.live.watch import Watch

ROOT = Path(__file__).parent.parent
PROGRAM = "examples/demo_program.py"
SIZE = (118, 30)
RUN_S = 30
SETTLE_S = 4.0
PATIENCE_S = 10.0

PICTURES = {
    "functions": ["down", "down"],
    "flame-graph": ["g", "down", "down", "down", "down", "down"],
}
"""Name of each picture of the terminal, and the keys that lead to it."""

PAGE_SIZE = {"width": 1280, "height": 720}
PAGE_PICTURES = {
    "browser": ("light", "f"),
    "browser-flame-graph": ("dark", "g"),
    "browser-bars": ("light", "b"),
}
"""Name of each picture of the page, its scheme, and the key that leads to it."""


def main() -> None:
    """Run the demo, and take the pictures."""
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pikos", "run", PROGRAM, str(RUN_S)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as program:
        try:
            pictures = asyncio.run(_take(program.pid))
            _take_page(program.pid, directory)
        finally:
            program.kill()
    for name, picture in pictures.items():
        path = directory / f"{name}.svg"
        path.write_text(picture, encoding="utf-8")
        print(path)


async def _take(pid: int) -> dict[str, str]:
    for _ in range(int(PATIENCE_S / 0.1)):
        if any(session.pid == pid for session in list_sessions()):
            break
        await asyncio.sleep(0.1)
    pictures = {}
    with contextlib.closing(subscribe(pid)) as subscription:
        viewer = Viewer(Watch(subscription, str(pid)), ViewState())
        screen = Screen(viewer, 0.25)
        async with screen.run_test(size=SIZE) as pilot:
            await pilot.pause(SETTLE_S)
            for name, keys in PICTURES.items():
                await pilot.press(*keys)
                await pilot.pause(0.3)
                pictures[name] = _without_fonts(screen.export_screenshot(title="pikos top"))
    return pictures


def _take_page(pid: int, directory: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("there is no Chromium: the pictures of the page stay as they are", file=sys.stderr)
        return
    command = [sys.executable, "-m", "pikos", "web", "--no-open", str(pid)]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        address = server.stdout.readline().strip()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (scheme, key) in PAGE_PICTURES.items():
            page = browser.new_page(viewport=PAGE_SIZE, color_scheme=scheme)
            page.goto(address)
            page.wait_for_selector("#functions tr.row")
            page.locator("#functions tr.row").first.click()
            page.keyboard.press(key)
            page.wait_for_timeout(1e3 * SETTLE_S)
            path = directory / f"{name}.png"
            page.screenshot(path=path)
            print(path)
        browser.close()
        server.kill()


def _without_fonts(picture: str) -> str:
    """Leave out fonts that would be fetched from elsewhere; there is one everywhere."""
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)


if __name__ == "__main__":
    main()
