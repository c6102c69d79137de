"""Carries keys and clicks from a terminal to a viewer, and its pictures to the terminal.

It is made with Textual (``pip install 'pikos[tui]'``), of one widget that draws lines: what they
say is the view's affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style as Look
from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from pikos.live.scene import Picture, Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.live.scene import Line, Style
    from pikos.live.viewer import Viewer

STEP_S = 0.05
"""Seconds that a key may wait for its effect, and a message for being taken in."""

LOOKS: dict[Style, Look] = {
    "plain": Look(),
    "bold": Look(bold=True),
    "dim": Look(color="bright_black"),
    "heading": Look(color="cyan", bold=True, underline=True),
    "chosen": Look(reverse=True),
    "good": Look(color="green", bold=True),
    "warning": Look(color="yellow", bold=True),
    "name": Look(bold=True),
    "number": Look(color="cyan"),
    "key": Look(color="cyan", bold=True),
    "graph": Look(color="green"),
    "flame 0": Look(color="black", bgcolor="color(216)"),
    "flame 1": Look(color="black", bgcolor="color(180)"),
    "flame 2": Look(color="black", bgcolor="color(223)"),
    "flame 3": Look(color="black", bgcolor="color(210)"),
}
"""How each style looks: the terminal's own colours, but for the flame graph."""

_KEYS = {
    "pageup": "page up",
    "pagedown": "page down",
    "ctrl+h": "backspace",
    "ctrl+j": "enter",
}
"""Textual's names of keys, and the view's."""


class Board(Widget, can_focus=True):
    """The picture, as a widget."""

    DEFAULT_CSS = "Board { width: 1fr; height: 1fr; background: ansi_default; }"

    def __init__(self) -> None:
        super().__init__()
        self._picture = Picture([])

    def show(self, picture: Picture) -> None:
        """Show a picture; only lines that differ are written to the terminal.

        Parameters
        ----------
        picture
            The picture.

        """
        before, self._picture = self._picture.lines, picture
        width = self.size.width
        for row in range(max(len(before), len(picture.lines))):
            if before[row : row + 1] != picture.lines[row : row + 1]:
                self.refresh(Region(0, row, width, 1))

    def render_line(self, y: int) -> Strip:
        """Draw one line, as Textual asks for it."""
        lines = self._picture.lines
        segments = list(_segments(lines[y])) if y < len(lines) else []
        return Strip(segments).adjust_cell_length(self.size.width)


def _segments(line: Line) -> Iterator[Segment]:
    look, at = LOOKS[line.style], 0
    if line.style != "chosen":  # that is a bar from edge to edge
        for span in line.spans:
            if span.style is not None:
                yield Segment(line.text[at : span.begin], look)
                yield Segment(line.text[span.begin : span.end], look + LOOKS[span.style])
                at = span.end
    yield Segment(line.text[at:], look)


class Screen(App[int]):
    """The terminal; what it returns is 0, or 128 and the number of the signal that ended it.

    Parameters
    ----------
    viewer
        What is shown.
    interval_s
        Seconds between two pictures.

    """

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, viewer: Viewer, interval_s: float) -> None:
        super().__init__(ansi_color=True)
        self._viewer = viewer
        self._interval_s = interval_s
        self._due_at = 0.0
        self._board = Board()

    def compose(self) -> ComposeResult:
        """Give the one widget."""
        yield self._board

    def on_mount(self) -> None:
        """Begin, with what has arrived while Textual was started."""
        self._viewer.watch.take_in(STEP_S)
        self._board.focus()
        loop = asyncio.get_running_loop()
        for number, status in ((signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, self.exit, status)
        self.set_interval(STEP_S, self._step)

    def on_resize(self) -> None:
        """Draw for another size."""
        self.call_after_refresh(self._draw)

    async def on_event(self, event: events.Event) -> None:
        """Take keys before Textual gives them meanings of its own."""
        if isinstance(event, events.Key):
            self._press(event)
        else:
            await super().on_event(event)

    def _press(self, event: events.Key) -> None:
        if event.key == "ctrl+c":  # as a terminal does that was left as it is
            if sys.platform == "win32":
                self.exit(0)
            else:
                os.killpg(os.getpgrp(), signal.SIGINT)
            return
        typed = event.character if event.is_printable else None
        self._viewer.press(typed or _KEYS.get(event.key, event.key))
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Carry a click."""
        self._viewer.click(event.screen_y, event.screen_x)
        self._draw()

    def on_mouse_scroll_up(self) -> None:
        """Carry a turn of the wheel."""
        self._viewer.press("up")
        self._draw()

    def on_mouse_scroll_down(self) -> None:
        """Carry a turn of the wheel."""
        self._viewer.press("down")
        self._draw()

    def _step(self) -> None:
        """Take in what arrived, and draw if it is time to."""
        self._viewer.watch.take_in(STEP_S)
        if self._viewer.over or time.monotonic() >= self._due_at:
            self._draw()

    def _draw(self) -> None:
        if self._viewer.over:
            self.exit(0)
            return
        began_at = time.monotonic()
        self._board.show(self._viewer.picture(Size(self.size.height, self.size.width)))
        # A picture that takes long leaves the machine to others for twice as long.
        now = time.monotonic()
        self._due_at = now + max(self._interval_s, 3 * (now - began_at))
