"""Function and line events by the extension, as the C profile and trace function of each thread.

What was there before, in C or in Python, is called for the same events and put back at the end,
where ours is still the one that is set.
"""

from __future__ import annotations

import sys
import threading
from _thread import RLock
from typing import TYPE_CHECKING, Any

from pikos.monitors.running_thread import running_thread
from pikos.monitors.sources_hooks import is_whole, unlink
from pikos.native import EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pikos.monitors.handlers import Handlers


class Starter:
    """What ``threading`` sets in each thread that begins: sets the extension's in its place.

    Parameters
    ----------
    hooks
        Whose it is.
    previous
        What ``threading`` would set if it were not there, or None.

    """

    def __init__(self, hooks: NativeHooks, previous: Callable[..., Any] | None) -> None:
        self._hooks = hooks
        self.previous = previous

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        """Have the running thread as it is to be, then deal with the event."""
        self._hooks.begin(self.previous)
        now: Any = self._hooks.get()
        if now is not None:
            now(frame, event, arg)


class NativeHooks:
    """One kind of event; see ``handlers.Source``.

    Threads: seen are the one that enables, those that begin later, and those that run already
    and have no such function

    Parameters
    ----------
    handlers
        Who is told.
    listen
        Tells the extension so.
    lines
        Whether it is lines, and not function events.

    """

    def __init__(self, handlers: Handlers, listen: Callable[[], None], *, lines: bool) -> None:
        self._lines = lines
        self._listen = listen
        self._lock = RLock()
        self._reached: set[int] = set()
        self.handlers = handlers
        self.get: Callable[[], Any] = sys.gettrace if lines else sys.getprofile
        """Gives what is set in the running thread."""
        self._set: Callable[[Any], None] = sys.settrace if lines else sys.setprofile
        self._get_for_new = threading.gettrace if lines else threading.getprofile
        self._set_for_new: Any = threading.settrace if lines else threading.setprofile

    def add(self, handler: Any, thread: int | None = None) -> None:
        """Tell handler of every event from now on."""
        with self._lock:
            self.handlers.add(handler, thread)
            self._listen()
            if thread is None and not isinstance(self._get_for_new(), Starter):
                self._set_for_new(Starter(self, self._get_for_new()))
            self._reached.add(running_thread())
            EVENTS.set_hook(self._lines, thread is None)

    def remove(self, handler: Any) -> bool:
        """Tell handler no more, and whether our function was still where it was set."""
        with self._lock:
            whole = handler not in self.handlers or is_whole(self._reached, self.get())
            self.handlers.remove(handler)
            self._listen()
            if self.handlers.entries:
                return whole
            self._reached.clear()
            EVENTS.take_hooks_off(self._lines)
            unlink(Starter, self._get_for_new, self._set_for_new)
            return whole

    def reach(self) -> None:
        """Set our function in the running thread, if it is not the one there."""
        self._reached.add(running_thread())
        EVENTS.set_hook(self._lines, False)

    def begin(self, previous: Callable[..., Any] | None) -> None:
        """Set in the running thread, which has just begun, what was there before, then ours."""
        self._set(previous)
        if self.handlers.entries:
            EVENTS.set_hook(self._lines, False)

    def after_fork(self) -> None:
        """Begin anew in a child process."""
        self._lock = RLock()
        self.handlers.clear()
        self._listen()
        EVENTS.take_hooks_off(self._lines)
