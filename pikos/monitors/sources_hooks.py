"""Function and line events by the profile and the trace function of each thread.

What was there before, a debugger's or coverage's function, is called by ours for the same events
and is put back at the end, where ours is still the one that is set.  Ours that stays behind, in a
thread that is not the one that disables or because somebody set it again, takes itself off at its
next event.  Threads that ran already when a monitor was enabled are seen from the next ``enable``
in them.
"""

from __future__ import annotations

import sys
import threading
from _thread import RLock
from typing import TYPE_CHECKING, Any

from pikos.hidden import code_is_hidden
from pikos.monitors.handlers import Handler, Handlers
from pikos.monitors.running_thread import running_thread
from pikos.monitors.trace_hook import Busy, TraceHook, leave

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


class ProfileHook:
    """Our profile function; in a thread, or in all that begin later.

    Parameters
    ----------
    handlers
        Who is told; the hook takes itself off when there are none.
    previous
        The profile function that was there before, or None.
    busy
        The one of all these hooks.

    """

    def __init__(
        self, handlers: Handlers, previous: Callable[..., object] | None, busy: Busy
    ) -> None:
        self._handlers = handlers
        self.previous = previous
        self._busy = busy

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        """Tell the handlers of an event, then the previous function."""
        if not self._handlers.entries:
            if sys.getprofile() is self:
                sys.setprofile(self.previous)
            if self.previous is not None:
                self.previous(frame, event, arg)
            return
        outermost = not self._busy.busy
        self._busy.busy = True
        try:
            if outermost:
                self._handlers.tell(frame, event, arg)
            if self.previous is not None:
                self.previous(frame, event, arg)
        finally:
            self._busy.busy = not outermost
        if outermost and self.previous is not None:
            self._stay()

    def _stay(self) -> None:
        """Where the previous function set another, or none: that is the previous one now."""
        now = sys.getprofile()
        if self._handlers.entries and now is not self:
            self.previous = now
            sys.setprofile(self)


class _Hooks:
    """What is alike for both kinds of event.

    Parameters
    ----------
    kind
        The type of our function.
    get, put
        Give and set the function of the running thread.
    get_for_new, put_for_new
        Give and set the one of threads that begin later.

    """

    def __init__(
        self,
        kind: type[ProfileHook | TraceHook],
        get: Callable[[], Any],
        put: Callable[[Any], None],
        get_for_new: Callable[[], Any],
        put_for_new: Callable[[Any], None],
    ) -> None:
        self._kind = kind
        self._get = get
        self._put = put
        self._get_for_new = get_for_new
        self._put_for_new = put_for_new
        self._lock = RLock()
        self._busy = Busy()
        self._reached: set[int] = set()
        self.handlers = Handlers()

    def add(self, handler: Handler, thread: int | None = None) -> None:
        """Tell handler of every event from now on."""
        with self._lock:
            self.handlers.add(handler, thread)
            if thread is None and not isinstance(self._get_for_new(), self._kind):
                self._put_for_new(self._kind(self.handlers, self._get_for_new(), self._busy))
            self.reach()

    def remove(self, handler: Handler) -> bool:
        """Tell handler no more, and whether our function was still where it was set."""
        with self._lock:
            hook = self._get()
            whole = handler not in self.handlers or is_whole(self._reached, hook)
            self.handlers.remove(handler)
            if self.handlers.entries:
                return whole
            self._reached.clear()
            if isinstance(hook, self._kind):
                self._put(hook.previous)
            unlink(self._kind, self._get_for_new, self._put_for_new)
            self._leave_frames()
            return whole

    def _leave_frames(self) -> None:
        """Take our function off the frames that the running thread is in."""

    def reach(self) -> None:
        """Set our function in the running thread, if it is not the one there."""
        raise NotImplementedError

    def after_fork(self) -> None:
        """Begin anew in a child process: the hooks take themselves off."""
        self._lock = RLock()
        self.handlers.clear()


class ProfileHooks(_Hooks):
    """Function events; see ``handlers.Source``.

    Threads: seen are the one that enables and those that begin later
    """

    def __init__(self) -> None:
        super().__init__(
            ProfileHook,
            sys.getprofile,
            sys.setprofile,
            threading.getprofile,
            threading.setprofile,
        )

    def add(self, handler: Handler, thread: int | None = None) -> None:
        """Tell handler of every event from now on.

        Raises
        ------
        ValueError
            If a profiler in C has the place, which cannot be put back afterwards.

        """
        refuse_profiler_in_c(sys.getprofile())
        super().add(handler, thread)

    def reach(self) -> None:
        """Set our function in the running thread, if it is not the one there."""
        self._reached.add(running_thread())
        previous = sys.getprofile()
        if not isinstance(previous, ProfileHook):
            refuse_profiler_in_c(previous)
            sys.setprofile(ProfileHook(self.handlers, previous, self._busy))


class LineHooks(_Hooks):
    """Line events; see ``handlers.Source``.

    Threads: seen are the one that enables, with the frames that it is in, and those that begin
    later
    """

    def __init__(self) -> None:
        super().__init__(
            TraceHook, sys.gettrace, sys.settrace, threading.gettrace, threading.settrace
        )

    def reach(self) -> None:
        """Set our function in the running thread, and in the frames that it is in."""
        self._reached.add(running_thread())
        hook = sys.gettrace()
        if not isinstance(hook, TraceHook):
            hook = TraceHook(self.handlers, hook, self._busy)
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the only way to it
        while frame is not None and code_is_hidden(frame.f_code):
            frame = frame.f_back
        hook.watch_from(frame)
        sys.settrace(hook)

    def _leave_frames(self) -> None:
        leave(sys._getframe(1))  # noqa: SLF001 - as above


def refuse_profiler_in_c(hook: object) -> None:
    """Raise if hook stands for a profiler in C: Python code cannot call it or put it back."""
    if hook is not None and not callable(hook):
        raise ValueError(
            f"{hook!r} is the profiler of this thread, and Python 3.11 has room for one: disable "
            "it first (from Python 3.12 on both can run)"
        )


def unlink(kind: type[Any], get: Callable[[], Any], put: Callable[[Any], None]) -> None:
    """Take the hook of a kind out of the chain of ours that begins where get says.

    Parameters
    ----------
    kind
        The type of the hook; it has its ``previous``, as all of ours.
    get, put
        Give and set the first of the chain.

    """
    holder, hook = None, get()
    while hook is not None and not isinstance(hook, kind):
        holder, hook = hook, getattr(hook, "previous", None)
    if hook is None:
        return
    if holder is None:
        put(hook.previous)
    else:
        holder.previous = hook.previous


def is_whole(reached: set[int], hook: object) -> bool:
    """Tell whether the running thread still has our hook, or one that may call ours."""
    return running_thread() not in reached or callable(hook)
