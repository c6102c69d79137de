"""Our trace function, and the one of each frame; both go on calling what was there before."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from pikos.hidden import code_is_hidden

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pikos.monitors.handlers import Handlers


class Busy(threading.local):
    """Whether the running thread is in a hook of ours: one that the other calls tells nobody."""

    busy = False


class TraceHook:
    """What the interpreter calls when a frame begins, in a thread or in all that begin later.

    Parameters
    ----------
    handlers
        Who is told; the hook takes itself off when there are none.
    previous
        The trace function that was there before, or None.
    busy
        The one of all these hooks.

    """

    def __init__(self, handlers: Handlers, previous: Callable[..., Any] | None, busy: Busy) -> None:
        self.handlers = handlers
        self.previous = previous
        self.busy = busy

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        """Give the function that is called for the lines of a frame."""
        inner = None
        if self.previous is not None:
            inner = self.call(self.previous, frame, event, arg)
        if not self.handlers.entries:
            now: Any = sys.gettrace()
            if now is self:
                sys.settrace(self.previous)
                leave(frame)
            return inner
        if inner is None and code_is_hidden(frame.f_code):
            return None
        return inner if isinstance(inner, FrameTrace) else FrameTrace(self, inner)

    def call(
        self, function: Callable[..., Any], frame: FrameType, event: str, arg: Any
    ) -> Callable[..., Any] | None:
        """Call a function that is not ours, and stay where we are.

        One that is called may set itself (coverage's tracer in C does) or another, or none (a
        debugger that goes on does): that is the previous one from then on.
        """
        before: Any = sys.gettrace()
        outermost = not self.busy.busy
        self.busy.busy = True
        try:
            result: Callable[..., Any] | None = function(frame, event, arg)
        finally:
            self.busy.busy = not outermost
        now: Any = sys.gettrace()
        if before is self and now is not self and self.handlers.entries:
            self.previous = now
            sys.settrace(self)
            self.watch_from(frame.f_back)
        return result

    def watch_from(self, frame: FrameType | None) -> None:
        """See the lines of frames that have begun already: this one and its callers."""
        while frame is not None:
            if not isinstance(frame.f_trace, FrameTrace) and not code_is_hidden(frame.f_code):
                frame.f_trace = FrameTrace(self, frame.f_trace)
            frame = frame.f_back


class FrameTrace:
    """What the interpreter calls for the lines, the return and the exceptions of a frame.

    Parameters
    ----------
    hook
        The hook that it belongs to.
    previous
        What would be called if it were not there, or None.

    """

    def __init__(self, hook: TraceHook, previous: Callable[..., Any] | None) -> None:
        self._hook = hook
        self.previous = previous

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        """Tell the handlers of a line, then the previous function of every event."""
        handlers = self._hook.handlers
        if event == "line" and handlers.entries and not self._hook.busy.busy:
            handlers.tell(frame, event, arg)
        if self.previous is not None:
            result = self._hook.call(self.previous, frame, event, arg)
            if result is not None:
                self.previous = result
        if handlers.entries:
            return self
        frame.f_trace = self.previous
        return self.previous


def leave(frame: FrameType | None) -> None:
    """Put back what a frame and its callers had before."""
    while frame is not None:
        if isinstance(frame.f_trace, FrameTrace):
            frame.f_trace = frame.f_trace.previous
        frame = frame.f_back
