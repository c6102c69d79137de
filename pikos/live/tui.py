"""Carries keys from a terminal to the view, and the view's lines to the terminal."""

from __future__ import annotations

import contextlib
import curses
import locale
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pikos.live.scene import Size
from pikos.live.view import draw, press

if TYPE_CHECKING:
    from pikos.live.scene import Scene, Style
    from pikos.live.state import ViewState
    from pikos.live.watch import Watch

STEP_S = 0.05
"""Seconds that a key may wait for its effect."""

REPAINT_S = 2.0
"""Seconds after which everything is painted anew: others may write on the same terminal."""

_KEYS = {
    curses.KEY_UP: "up",
    curses.KEY_DOWN: "down",
    curses.KEY_LEFT: "left",
    curses.KEY_RIGHT: "right",
    curses.KEY_PPAGE: "page up",
    curses.KEY_NPAGE: "page down",
    curses.KEY_HOME: "home",
    curses.KEY_ENTER: "enter",
    curses.KEY_BACKSPACE: "backspace",
    "\n": "enter",
    "\r": "enter",
    "\x1b": "escape",
    "\x7f": "backspace",
    "\b": "backspace",
}


def show(watch: Watch, state: ViewState, interval_s: float) -> Scene:
    """Show a session on the terminal until the user leaves or the session ends.

    Parameters
    ----------
    watch
        The session.
    state
        What the user has chosen on the command line.
    interval_s
        Seconds between two pictures.

    Returns
    -------
    Scene
        What was to be seen last.

    """
    locale.setlocale(locale.LC_ALL, "")
    scene = curses.wrapper(_loop, watch, state, interval_s)
    return watch.scene() if watch.over else scene


def _loop(screen: curses.window, watch: Watch, state: ViewState, interval_s: float) -> Scene:
    styles = _prepare(screen)
    scene = watch.scene()
    due_at = repaint_at = 0.0
    while not state.leaving and not watch.over:
        watch.listen(STEP_S)
        chosen = state
        for key in _keys(screen):
            chosen = press(chosen, key)
        now = time.monotonic()
        if chosen is state and now < due_at:
            continue
        state = chosen
        scene = replace(scene, now=now) if state.paused else watch.scene()
        if now >= repaint_at:
            screen.redrawwin()
            repaint_at = now + REPAINT_S
        _paint(screen, scene, state, styles)
        # A picture that takes long leaves the machine to others for twice as long.
        due_at = now + max(interval_s, 3 * (time.monotonic() - now))
    return scene


def _prepare(screen: curses.window) -> dict[Style, int]:
    screen.nodelay(True)  # curses' own signature
    curses.set_escdelay(25)
    with contextlib.suppress(curses.error):  # a terminal whose cursor stays
        curses.curs_set(0)
    styles: dict[Style, int] = {
        "plain": curses.A_NORMAL,
        "bold": curses.A_BOLD,
        "dim": curses.A_DIM,
        "heading": curses.A_REVERSE,
        "good": curses.A_BOLD,
        "warning": curses.A_BOLD,
    }
    with contextlib.suppress(curses.error):  # a terminal without colours
        curses.use_default_colors()
        curses.init_pair(1, curses.COLOR_GREEN, -1)
        curses.init_pair(2, curses.COLOR_YELLOW, -1)
        styles["good"] |= curses.color_pair(1)
        styles["warning"] |= curses.color_pair(2)
    return styles


def _keys(screen: curses.window) -> list[str]:
    """Read the keys that were pressed since the last time."""
    pressed: list[str] = []
    with contextlib.suppress(curses.error):  # no more
        while len(pressed) < 100:  # noqa: PLR2004  # whoever leans on the keyboard gets pictures, too
            key = screen.get_wch()
            pressed.append(_KEYS.get(key, key if isinstance(key, str) else "other"))
    return pressed


def _paint(screen: curses.window, scene: Scene, state: ViewState, styles: dict[Style, int]) -> None:
    lines, columns = screen.getmaxyx()
    screen.erase()
    for row, line in enumerate(draw(scene, state, Size(lines, columns))):
        shown = line.text.encode(screen.encoding, "replace").decode(screen.encoding)
        with contextlib.suppress(curses.error):  # the corner, past which the cursor cannot go
            screen.addstr(row, 0, shown, styles[line.style])
    screen.refresh()
