"""Whether an event of a function happens inside one of the functions that are focused on."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pikos.monitors.focus import FunctionSet


def _no_greenlet() -> int:
    return 0


class _Open(threading.local):
    def __init__(self) -> None:
        self.stacks: dict[int, list[FrameType]] = {}


class Inside:
    """The frames of focused functions that are open, outermost first, in each thread.

    Only a frame's own return closes it, so whatever a focused function calls is inside.  Of a
    thread that runs greenlets, each has frames of its own.

    Parameters
    ----------
    functions
        The functions that are focused on; it may change at any time.

    """

    def __init__(self, functions: FunctionSet) -> None:
        self._functions = functions
        self._open = _Open()
        self._greenlet: Callable[[], int] = _no_greenlet

    def begin(self) -> None:
        """Take the running thread's frames of focused functions as open; forget all others."""
        self._open = _Open()
        self._greenlet = _which_greenlet if "greenlet" in sys.modules else _no_greenlet
        frames: list[FrameType] = []
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the only way to it
        while frame is not None:
            if id(frame.f_code) in self._functions.idents:
                frames.insert(0, frame)
            frame = frame.f_back
        if frames:
            self._open.stacks[self._greenlet()] = frames

    def end(self) -> None:
        """Forget all frames."""
        self._open = _Open()

    @property
    def frames(self) -> list[FrameType]:
        """The open frames of what runs."""
        return self._open.stacks.get(self._greenlet(), [])

    def of(self, frame: FrameType, event: str) -> bool:
        """Tell whether the event is inside, and open or close the frame if it is a focused one."""
        stacks = self._open.stacks
        greenlet = self._greenlet()
        frames = stacks.get(greenlet, [])
        if id(frame.f_code) in self._functions.idents:
            self._close_down_to(frame, frames)
            if event == "return":
                frames.pop()
        elif event == "return" and any(frame is one for one in frames):
            self._close_down_to(frame, frames)
            frames.pop()
        else:
            return bool(frames)
        if frames:
            stacks[greenlet] = frames
        else:
            stacks.pop(greenlet, None)
        return True

    @staticmethod
    def _close_down_to(frame: FrameType, frames: list[FrameType]) -> None:
        """Leave frame as the innermost open one; those above it are gone, as it is running."""
        for position in range(len(frames) - 1, -1, -1):
            if frames[position] is frame:
                del frames[position + 1 :]
                return
        frames.append(frame)


def _which_greenlet() -> int:
    """Give the number of the running greenlet, which ends only by the returns of its frames."""
    return id(sys.modules["greenlet"].getcurrent())
