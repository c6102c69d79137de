"""Whether an event of a function happens inside one of the functions that are focused on."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from pikos.monitors.focus import FunctionSet


class _Open(threading.local):
    def __init__(self) -> None:
        self.frames: list[FrameType] = []


class Inside:
    """The frames of focused functions that are open, outermost first, in each thread.

    Only a frame's own return closes it, so whatever a focused function calls is inside.

    Parameters
    ----------
    functions
        The functions that are focused on; it may change at any time.

    """

    def __init__(self, functions: FunctionSet) -> None:
        self._functions = functions
        self._open = _Open()

    def begin(self) -> None:
        """Take the running thread's frames of focused functions as open; forget all others."""
        self._open = _Open()
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the only way to it
        while frame is not None:
            if id(frame.f_code) in self._functions.idents:
                self._open.frames.insert(0, frame)
            frame = frame.f_back

    def end(self) -> None:
        """Forget all frames."""
        self._open = _Open()

    @property
    def frames(self) -> list[FrameType]:
        """The open frames of the running thread."""
        return self._open.frames

    def of(self, frame: FrameType, event: str) -> bool:
        """Tell whether the event is inside, and open or close the frame if it is a focused one."""
        frames = self._open.frames
        if id(frame.f_code) in self._functions.idents:
            self._close_down_to(frame, frames)
            if event == "return":
                frames.pop()
            return True
        if event == "return" and any(frame is one for one in frames):
            self._close_down_to(frame, frames)
            frames.pop()
            return True
        return bool(frames)

    @staticmethod
    def _close_down_to(frame: FrameType, frames: list[FrameType]) -> None:
        """Leave frame as the innermost open one; those above it are gone, as it is running."""
        for position in range(len(frames) - 1, -1, -1):
            if frames[position] is frame:
                del frames[position + 1 :]
                return
        frames.append(frame)
