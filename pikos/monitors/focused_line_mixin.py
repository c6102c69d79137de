"""What makes a monitor of lines record only those of some functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.monitors.focus import FunctionSet
from pikos.monitors.focused_attach import attach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from pikos.monitors.line_monitor import LineMonitor

    _Base = LineMonitor
else:
    _Base = object


class FocusedLineMixin(_Base):
    """Record the lines of some functions; not those of what they call.

    Parameters
    ----------
    *arguments, **keywords
        Those of the monitor that it is mixed into.
    functions
        What to focus on.

    """

    functions: FunctionSet
    """What is focused on; it may be changed at any time."""

    def __init__(self, *arguments: Any, functions: Iterable[object] = (), **keywords: Any) -> None:
        self._focus = self.functions = FunctionSet(functions)
        super().__init__(*arguments, **keywords)

    def on_line_event(self, frame: FrameType, why: str, arg: Any) -> Callable[..., Any]:
        """Record an event if it is a line of one of the functions."""
        if id(frame.f_code) in self.functions.idents:
            super().on_line_event(frame, why, arg)
        return self.on_line_event

    attach = attach
