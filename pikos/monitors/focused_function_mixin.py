"""What makes a monitor of function events record only inside some functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.monitors.focus import FunctionSet
from pikos.monitors.focused_attach import attach
from pikos.monitors.inside import Inside

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from pikos.monitors.function_monitor import FunctionMonitor

    _Base = FunctionMonitor
else:
    _Base = object


class FocusedFunctionMixin(_Base):
    """Record function events of some functions, and of all that they call.

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
        self.functions = FunctionSet(functions)
        self._inside = Inside(self.functions)
        super().__init__(*arguments, **keywords)

    def on_function_event(self, frame: FrameType, event: str, arg: Any) -> None:
        """Record a function event if it happens inside one of the functions."""
        if self._inside is not None and self._inside.of(frame, event):
            super().on_function_event(frame, event, arg)

    attach = attach

    def _start(self) -> None:
        if self._inside is not None:
            self._inside.begin()
        super()._start()

    def _leave(self) -> None:
        super()._leave()
        if self._inside is not None:
            self._inside.end()
