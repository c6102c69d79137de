"""Function and line events by the extension, which ``sys.monitoring`` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.monitors.native_listeners import NativeListeners
from pikos.monitors.sources_monitoring import MonitoringTool
from pikos.native import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from pikos.monitors.handlers import Handlers


class NativeTool(MonitoringTool):
    """The tool of all monitors whose events no Python code must see.

    Its handlers are ``NativeHandler``.  Lines that only monitors with a focus need are asked for
    in the code in focus: all other code runs at its full speed.
    """

    name = "pikos-events"
    disables = True

    def __init__(self) -> None:
        super().__init__()
        self._in_places: dict[int, CodeType] = {}
        self._listeners = NativeListeners(
            self.functions.handlers, self.lines.handlers, self._refocus
        )

    def _make_callbacks(
        self, functions: Handlers, lines: Handlers
    ) -> tuple[dict[int, Callable[..., object]], dict[int, Callable[..., object]]]:
        del functions, lines  # the extension is told of them by _listeners
        events = self._monitoring.events

        def by_number(callbacks: dict[str, Any]) -> dict[int, Callable[..., object]]:
            return {getattr(events, name): callback for name, callback in callbacks.items()}

        return by_number(EVENTS.function_callbacks), by_number(EVENTS.line_callbacks)

    def change(self, change: Callable[[], None]) -> None:
        """Change the handlers, then ask for the events that they need.

        Raises
        ------
        ValueError
            If other tools hold all ids; then nothing has changed.

        """
        try:
            super().change(change)
        except BaseException:
            self._listeners.tell()
            raise

    def _refocus(self) -> None:
        """Ask for what is needed now that a focus has changed."""
        with self._lock:
            self._ask(keep=True)

    def _ask(self, *, keep: bool) -> None:
        self._listeners.tell()
        super()._ask(keep=keep)

    def _hold(self) -> None:
        if not self._is_held():
            self._in_places = {}
        super()._hold()

    def _wanted(self) -> int:
        everywhere = any(handler.focus is None for handler, _ in self.lines.handlers.entries)
        return self.functions.wanted | (self.lines.events if everywhere else 0)

    def _ask_in_places(self, ident: int, *, keep: bool) -> None:
        if keep and not self.lines.handlers.entries:
            return
        wanted = {
            id(code): code
            for handler, _ in self.lines.handlers.entries
            if handler.focus is not None
            for code in handler.focus.codes
        }
        for key in self._in_places.keys() - wanted.keys():
            self._monitoring.set_local_events(ident, self._in_places[key], 0)
        for key in wanted.keys() - self._in_places.keys():
            self._monitoring.set_local_events(ident, wanted[key], self.lines.events)
        self._in_places = wanted
