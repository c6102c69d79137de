"""What the external profilers share: nesting is counted, and a recorder gets the statistics."""

from __future__ import annotations

import functools
import os
import sys
import threading
import warnings
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pikos.errors import RecordingStopped
from pikos.monitors.monitor import Monitor
from pikos.monitors.recorder import checked_recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

_HOME = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")


class Recorder(Protocol):
    """What is asked of a recorder."""

    def prepare(self, record: Any, /) -> None:
        """Get ready for records of a type."""

    def record(self, data: Any, /) -> None:
        """Record one."""

    def finalize(self) -> None:
        """Bring the recording to an end."""


class Counted(Monitor):
    """A profiler that is on from the first ``enable`` to the ``disable`` that answers it.

    At that ``disable`` a recorder gets a record of each function or line whose statistics have
    changed since it got the last one.  As statistics add up, the last record of each is its total.

    Threads: the count is one for all threads
    """

    record_type: ClassVar[type[Any]]
    """What a recorder gets."""

    recorder: Recorder | None = None
    """Who gets the statistics, if anybody."""

    error: Exception | None = None
    """What kept the recorder from getting all records, of the last span that was profiled."""

    _depth = 0

    def _set_up(self, recorder: Recorder | None) -> None:
        """Be ready; not ``__init__``, as the profilers have base classes with other arguments."""
        self.recorder = None if recorder is None else checked_recorder(recorder)
        self._lock = threading.RLock()
        self._acquire = functools.partial(self._lock.acquire)  # a profiler sees direct calls only
        self._release = functools.partial(self._lock.release)
        self._index = 0
        self._recorded: dict[Hashable, tuple[Any, ...]] = {}

    @abstractmethod
    def _start(self) -> None:
        """Switch the profiler on."""

    @abstractmethod
    def _stop(self) -> None:
        """Switch it off."""

    @abstractmethod
    def _rows(self) -> Iterable[tuple[Hashable, tuple[Any, ...]]]:
        """The statistics: for each function or line a key, and its record but for the index."""

    def enable(self) -> None:
        """Profile; when profiling already, only nest.  If it fails, nothing is left on."""
        self._enter(self._start)

    def disable(self) -> None:
        """Profile no more if this answers the outermost ``enable``; else only un-nest."""
        self._acquire()
        try:
            if self._depth > 1:
                self._depth -= 1
            elif self._depth == 1:
                self._end()
        finally:
            self._release()

    def _enter(self, start: Callable[[], None]) -> None:
        self._acquire()
        try:
            if self._depth == 0:
                self.error = None
                if self.recorder is not None:
                    self.recorder.prepare(self.record_type)
                self._depth = 1
                try:
                    start()
                except BaseException:
                    self._depth = 0
                    self._finalize()
                    raise
            else:
                self._depth += 1
        finally:
            self._release()

    def _end(self) -> None:
        """Switch off, whatever the depth."""
        self._depth = 0
        self._stop()
        if self.recorder is not None:
            self._record(self.recorder)
            self._finalize()
            if self.error is not None:
                warnings.warn(
                    RecordingStopped(type(self).__name__, self.error), stacklevel=_of_the_program()
                )

    def _record(self, recorder: Recorder) -> None:
        try:
            for key, row in self._rows():
                if self._recorded.get(key) != row:
                    index, self._index = self._index, self._index + 1
                    recorder.record(self.record_type(index, *row))
                    self._recorded[key] = row
        except Exception as error:  # noqa: BLE001 - a recorder's failure is not the program's
            self.error = error

    def _finalize(self) -> None:
        if self.recorder is not None:
            try:
                self.recorder.finalize()
            except Exception as error:  # noqa: BLE001 - as above
                self.error = self.error or error


def is_of_pikos(filename: str) -> bool:
    """Tell whether a file is one of this package's: its functions are no part of a profile."""
    return filename.startswith(_HOME)


def profile_hook() -> Any:
    """Return the function that ``sys.setprofile`` installed in this thread, if it can be put back.

    Profilers written in C take its place and leave that empty.
    """
    hook = sys.getprofile()
    return hook if callable(hook) else None


def put_back(hook: Any) -> None:
    """Install a function again that had to make way for a profiler."""
    if hook is not None and sys.getprofile() is None:
        sys.setprofile(hook)


def _of_the_program() -> int:
    """How many frames up the first one is that is not of this file's package."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001 - the documented way
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("pikos."):
        level, frame = level + 1, frame.f_back
    return level
