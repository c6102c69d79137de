"""What is measured at an event besides the event itself: memory, time, the source line."""

from __future__ import annotations

import linecache
import threading
import time
from typing import TYPE_CHECKING, Any

from pikos.monitors.per_code import PerCode
from pikos.signals import comes_of_a_signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

NEVER_NS = -(2**63)
"""Before any time that a clock gives."""

NO_SOURCE = "<compiled string>"
"""The text of a line whose source is not known."""


MEMORY_FIELDS = frozenset({"RSS", "VMS", "memory_age_ns"})
"""The fields that the memory is read for."""


class Memory:
    """The memory of this process.

    Fields:  RSS, VMS - int, bytes; memory_age_ns - int, ns, since these were read
    Cost:    about 9 us a read
    Raises:  ImportError from ``open`` without psutil
    Source:  psutil.Process.memory_info
    Fork:    to be opened again in the child

    Parameters
    ----------
    interval_us
        It is read at most every so many us; 0: at each event.

    """

    process: Any = None
    """psutil's handle, while open."""

    def __init__(self, interval_us: float) -> None:
        self._interval_ns = interval_us * 1000
        self._read_ns = NEVER_NS
        self._values = (0, 0)

    def open(self) -> None:
        """Make ready to read, unless it is."""
        if self.process is not None:
            return
        import psutil  # noqa: PLC0415 - slow to import, and needed where C cannot read

        self.process = psutil.Process()
        self._read_ns = NEVER_NS

    def close(self) -> None:
        """Let the handle go."""
        self.process = None

    def read(self, _frame: FrameType) -> tuple[int, int, int]:
        """Give the resident set, the virtual size, and how long ago they were read."""
        if self.process is None:
            self.open()
        now_ns = time.monotonic_ns() if self._interval_ns else 0
        if not self._interval_ns or now_ns - self._read_ns >= self._interval_ns:
            info = self.process.memory_info()
            self._values = info.rss, info.vms
            self._read_ns = now_ns
        return (*self._values, now_ns - self._read_ns)


class _Times(threading.local):
    entered: int | None = None
    left = 0


class Stopwatch:
    """When the monitor was told of an event, and when it was done with the one before.

    Fields:  time_ns, last_exit_ns - int, ns
    Threads: each has its own times

    Parameters
    ----------
    clock
        Gives the time, in ns.

    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._times = _Times()

    def begin(self) -> None:
        """Forget the times of events so far."""
        self._times = _Times()

    def enter(self) -> None:
        """Note that an event has come."""
        self._times.entered = self._clock()

    def leave(self) -> None:
        """Note that it is done with."""
        self._times.entered = None
        self._times.left = self._clock()

    def read(self, _frame: FrameType) -> tuple[int, int]:
        """Give the time of this event (now, if none was noted) and the end of the one before."""
        times = self._times
        entered = times.entered
        return (self._clock() if entered is None else entered), times.left


def thread_of(frame: FrameType) -> tuple[int, str]:
    """Give ident and name of the running thread.

    Not by ``threading.current_thread``: a thread that is just beginning would get a dummy, and
    ``enumerate`` takes a lock that the program may hold.  A dummy may be left from a thread that
    has ended, whose ident is used again.
    """
    ident = threading.get_ident()
    thread = threading._active.get(ident)  # type: ignore[attr-defined] # noqa: SLF001 - see above
    if thread is None or (
        isinstance(thread, _DUMMY) and thread.native_id != threading.get_native_id()
    ):
        thread = _begun(frame)
    return ident, "" if thread is None else thread.name


_DUMMY = threading._DummyThread  # noqa: SLF001 - as above
_BOOTSTRAP: CodeType = threading.Thread._bootstrap.__code__  # type: ignore[attr-defined] # noqa: SLF001 - as above


def _begun(frame: FrameType) -> threading.Thread | None:
    """Give the thread that began with the outermost frame, also before and after it is listed."""
    outer: FrameType | None = frame
    while outer is not None:
        frame, outer = outer, outer.f_back
    return frame.f_locals["self"] if frame.f_code is _BOOTSTRAP else None


class SourceLines:
    """The text of source lines, read once for each code object.

    So it stays the text that runs when the file is changed meanwhile.
    """

    def __init__(self) -> None:
        self._lines = PerCode(_read)

    def read(self, frame: FrameType) -> tuple[str]:
        """Give the line that the frame is at, its indentation kept, without its end."""
        lines = self._lines.of(frame)
        number = frame.f_lineno
        if number is None or not 0 < number <= len(lines):
            return (NO_SOURCE,)
        return (lines[number - 1],)


def _read(frame: FrameType) -> list[str]:
    return source_lines(frame.f_code.co_filename, frame.f_globals)


def source_lines(filename: str, module_globals: dict[str, Any] | None) -> list[str]:
    """Give the lines of a file as it is now, without their ends; none if there is no source."""
    try:
        lines = linecache.getlines(filename, module_globals)
    except Exception as error:
        if comes_of_a_signal(error):
            raise
        return []  # a loader of the program's failed: there is no source
    return [line.rstrip() for line in lines]
