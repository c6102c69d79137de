"""What makes a monitor of lines record only those of some functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.monitors.focused import Focused

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pikos.monitors.focus import FunctionSet
    from pikos.monitors.line_monitor import LineMonitor

    class _Base(Focused, LineMonitor): ...

else:
    _Base = Focused


class FocusedLineMixin(_Base):
    """Record the lines of some functions, the set ``functions``; not those of what they call."""

    def _focus_on(self, functions: FunctionSet) -> None:
        self._focus = functions

    def on_line_event(self, frame: FrameType, why: str, arg: Any) -> Callable[..., Any]:
        """Record an event if it is a line of one of the functions."""
        if id(frame.f_code) in self.functions.idents:
            super().on_line_event(frame, why, arg)
        return self.on_line_event
