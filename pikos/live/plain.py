"""Paints pictures with the escape sequences that every terminal knows, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pikos.live.scene import Line, Picture, Style

ENTER = "\x1b[?1049h"
"""Turns to the terminal's other screen."""
LEAVE = "\x1b[?1049l"
"""Turns back."""

_SHOWN: dict[Style, str] = {"bold": "1", "good": "1", "warning": "1", "dim": "2", "heading": "7"}


def paint(picture: Picture, encoding: str) -> str:
    """Write down what paints a picture.

    Parameters
    ----------
    picture
        The picture.
    encoding
        The terminal's.

    Returns
    -------
    str
        Text that replaces whatever the screen showed.

    """
    lines = [_line(line).encode(encoding, "replace").decode(encoding) for line in picture.lines]
    return "\x1b[H" + "\x1b[K\r\n".join(lines) + "\x1b[K\x1b[J"


def _line(line: Line) -> str:
    shown = _SHOWN.get(line.style)
    return line.text if shown is None else f"\x1b[{shown}m{line.text}\x1b[m"
