"""Tells the extension who listens, and anew whenever a focus has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.native import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikos.monitors.focus import FunctionSet
    from pikos.monitors.handlers import Handlers


class NativeListeners:
    """The handlers of both kinds, which are ``NativeHandler``.

    Parameters
    ----------
    functions, lines
        Who is told of function events, and of lines.
    changed
        Called when the functions in somebody's focus are others; it calls ``tell``.

    """

    def __init__(
        self, functions: Handlers, lines: Handlers, changed: Callable[[], None] | None = None
    ) -> None:
        self._functions = functions
        self._lines = lines
        self._changed = self.tell if changed is None else changed
        self._watched: list[FunctionSet] = []

    def tell(self) -> None:
        """Tell the extension who listens now, and where each has its focus."""
        functions, lines = self._functions.entries, self._lines.entries
        focused = [handler for handler, _ in (*functions, *lines) if handler.focus is not None]
        for focus in self._watched:
            focus.unwatch(self._changed)
        self._watched = [handler.focus for handler in focused]
        for handler in focused:
            handler.focus.watch(self._changed)
            handler.recording.focus = handler.focus.idents
        EVENTS.listen(
            tuple(handler.recording for handler, _ in functions),
            tuple(handler.recording for handler, _ in lines),
            self._functions.nobody,
        )
