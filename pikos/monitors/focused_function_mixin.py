"""What makes a monitor of function events record only inside some functions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pikos.monitors.focused import Focused
from pikos.monitors.inside import Inside
from pikos.native import NeedsPython

if TYPE_CHECKING:
    from types import FrameType

    from pikos.monitors.focus import FunctionSet
    from pikos.monitors.function_monitor import FunctionMonitor
    from pikos.native import Target

    class _Base(Focused, FunctionMonitor): ...

else:
    _Base = Focused


class FocusedFunctionMixin(_Base):
    """Record function events of some functions, the set ``functions``, and of all they call."""

    def _focus_on(self, functions: FunctionSet) -> None:
        self._inside = Inside(functions)

    def on_function_event(self, frame: FrameType, event: str, arg: Any) -> None:
        """Record a function event if it happens inside one of the functions."""
        if self._inside is not None and self._inside.of(frame, event):
            super().on_function_event(frame, event, arg)

    def _focused_on(self) -> FunctionSet | None:
        return self.functions

    def _native_target(self) -> Target:
        """Leave programs with greenlets to Python code, which tells them apart."""
        if "greenlet" in sys.modules:
            raise NeedsPython("each greenlet has a focus of its own, and greenlet is imported")
        return super()._native_target()

    def _enter_focus(self, recording: Any) -> None:
        if self._inside is not None:
            recording.enter(self._inside.frames)

    def _start(self) -> None:
        if self._inside is not None:
            self._inside.begin()
        super()._start()

    def _leave(self) -> None:
        super()._leave()
        if self._inside is not None:
            self._inside.end()
