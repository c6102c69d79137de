"""Calls back with the frame of each code object at its first event, before a monitor sees it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pikos.monitors.per_code import PerCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    from pikos.monitors.focus import FunctionSet

_TOOL_IDS = (5, 4, 3, 1, 0)  # the highest is called first, and monitors take the lowest of 3 to 5
_TOOL_NAME = "pikos-focus"


class NewCode:
    """Lets a focus grow while the program runs, by the code that runs.

    With ``sys.monitoring`` a code object costs one call when it first starts.  Without it, the
    monitor's question whether some code is in focus is answered here; the extension asks it once
    for each code object.

    Parameters
    ----------
    functions
        The focus of a monitor that is not enabled yet.
    see
        Called in the thread that runs the code; it may add functions to the focus.  An exception
        is dropped; with ``sys.monitoring`` ``see`` is called again when the code starts again.

    Threads: any
    """

    def __init__(self, functions: FunctionSet, see: Callable[[FrameType], None]) -> None:
        self._functions = functions
        self._see = see
        self._id: int | None = None

    def watch(self) -> None:
        """Call back from now on.

        Raises
        ------
        ValueError
            If other tools hold all ids of ``sys.monitoring``.

        """
        if hasattr(sys, "monitoring"):
            self._id = self._claim(sys.monitoring)
        else:
            self._functions.ask(PerCode(self._see))

    def end(self) -> None:
        """Call back no more."""
        if self._functions.asking is not None:
            self._functions.ask(None)
        if self._id is not None:  # it is kept: its next holder would not be told of disabled places
            sys.monitoring.set_events(self._id, 0)  # type: ignore[attr-defined,unused-ignore]

    def _claim(self, monitoring: Any) -> int:
        for ident in _TOOL_IDS:
            if monitoring.get_tool(ident) is None:
                monitoring.use_tool_id(ident, _TOOL_NAME)
                start = monitoring.events.PY_START
                monitoring.register_callback(ident, start, self._started)
                monitoring.set_events(ident, start)
                return ident
        raise ValueError("all tool ids of sys.monitoring are held: stop one of these tools")

    def _started(self, _code: CodeType, _offset: int) -> object:
        try:
            self._see(sys._getframe(1))  # noqa: SLF001 - the documented way to the frame of an event
        except Exception:  # noqa: BLE001 - the limit of recursion, say: it is the program's
            return None
        return sys.monitoring.DISABLE  # type: ignore[attr-defined,unused-ignore]


class AskingIdents(frozenset[int]):
    """Ids of the code objects in focus; asks about each other code object before it says no."""

    functions: FunctionSet

    def __contains__(self, ident: object) -> bool:
        if super().__contains__(ident):
            return True
        asking = self.functions.asking
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the only way to it
        while frame is not None and id(frame.f_code) != ident:
            frame = frame.f_back
        if frame is None or asking is None:
            return False
        try:
            asking.of(frame)
        except Exception:  # noqa: BLE001 - as above
            return False
        return frozenset.__contains__(self.functions.idents, ident)
