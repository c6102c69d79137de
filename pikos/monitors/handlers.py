"""Who is told of events: the handlers of one kind of event, told in order of registration."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from types import FrameType
from typing import Any, Protocol

from pikos.hidden import DIRECTORY, THREADS
from pikos.monitors.running_thread import running_thread

Handler = Callable[[FrameType, str, Any], object]
"""Called with the frame, the event's name and its argument, as a profile function is."""


class Source(Protocol):
    """One kind of event of this process, for any number of handlers.

    They are ``Handler``, but ``NativeHandler`` for the sources of the extension.
    """

    def add(self, handler: Any, thread: int | None = None) -> None:
        """Tell handler of every event from now on; of one thread's, if its number is given."""

    def remove(self, handler: Any) -> bool:
        """Tell handler no more; nothing happens if it is not told now.

        Returns
        -------
        bool
            Whether it was told of all; False if somebody took the hook of this thread off.

        """

    def reach(self) -> None:
        """Make sure that the running thread's events are seen."""

    def after_fork(self) -> None:
        """Begin anew in a child process, with no handlers."""


class Handlers:
    """An immutable list of handlers, replaced as a whole: hooks read it without a lock.

    Parameters
    ----------
    nobody
        Called at an event of the program when there are none.

    """

    def __init__(self, nobody: Callable[[], None] = lambda: None) -> None:
        self.nobody = nobody
        self.entries: tuple[tuple[Any, int | None], ...] = ()

    def __contains__(self, handler: Handler) -> bool:
        return any(entry[0] is handler for entry in self.entries)

    def add(self, handler: Any, thread: int | None) -> None:
        """Append one."""
        self.entries = (*self.entries, (handler, thread))

    def remove(self, handler: Any) -> None:
        """Take one out, if it is there."""
        self.entries = tuple(entry for entry in self.entries if entry[0] is not handler)

    def clear(self) -> None:
        """Take all out."""
        self.entries = ()

    def tell(self, frame: FrameType, event: str, arg: Any) -> None:
        """Tell each of an event, unless it is one of Pikos's own."""
        if frame.f_code.co_filename.startswith(DIRECTORY):
            return
        if THREADS and get_ident() in THREADS:
            return
        entries = self.entries
        if not entries:
            self.nobody()
        for handler, thread in entries:
            if thread is None or thread == running_thread():
                handler(frame, event, arg)
