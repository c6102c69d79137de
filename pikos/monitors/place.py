"""Where in the program Pikos was called."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pikos.hidden import code_is_hidden

if TYPE_CHECKING:
    from types import FrameType


def level_of_the_program() -> int:
    """Give the ``stacklevel`` that makes a warning of the caller point at the program."""
    level = 1
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the only way to it
    while frame is not None and code_is_hidden(frame.f_code):
        level += 1
        frame = frame.f_back
    return level
