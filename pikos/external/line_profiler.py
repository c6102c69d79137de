"""``line_profiler.LineProfiler`` as a monitor."""

from __future__ import annotations

import linecache
import sys
import warnings
from typing import TYPE_CHECKING, Any, overload

from pikos.errors import ExtraMissing, ProfilerActive
from pikos.external.counted import Counted, Recorder
from pikos.external.records import LineProfileRecord
from pikos.monitors.attach import Function, MonitorAttach

try:
    import line_profiler
    from line_profiler._line_profiler import USE_LEGACY_TRACE  # type: ignore[attr-defined]
except ImportError as error:
    raise ExtraMissing("line_profiler", "line_profiler", str(error)) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

_NS = 1e9
_NAME = "line_profiler"
_COUNTER: Any = line_profiler.LineProfiler  # its published types leave out enable and disable


class LineProfiler(Counted, line_profiler.LineProfiler):
    """The line profiler, for ``with``, ``attach`` and nested use.

    It has all that ``line_profiler.LineProfiler`` has (``print_stats``, ``add_function``, ...).

    Parameters
    ----------
    *functions
        Whose lines are counted, wherever they are called from while the profiler is on.  Where
        none is given, they are those that the profiler is attached to.
    recorder
        Gets a ``LineProfileRecord`` of each line whose statistics have changed, at the outermost
        ``disable``.

    Raises
    ------
    ExtraMissing
        From the import of this module, if line_profiler is not installed.
    ProfilerActive
        From ``enable``, on Python 3.12 and later, while another profiler (cProfile, for one) has
        the interpreter's place for profilers.

    Threads: each counts between its own ``enable`` and ``disable``
    """

    record_type = LineProfileRecord

    enable_count: int
    """How deep ``enable`` is nested in the running thread."""

    def __init__(self, *functions: Callable[..., Any], recorder: Recorder | None = None) -> None:
        line_profiler.LineProfiler.__init__(self)
        self._set_up(recorder)
        self._adds_decorated = not functions
        for function in functions:
            if not self.add_callable(function):
                warnings.warn(
                    f"{function!r} has no lines that line_profiler could count", stacklevel=2
                )

    def enable(self) -> None:
        """Count in this thread; when it counts already, only nest."""
        super().enable()
        try:
            if self.enable_count == 0:
                self._switch_on()
        except BaseException:
            super().disable()
            raise
        self.enable_count += 1

    def disable(self) -> None:
        """Stop counting if this answers the outermost ``enable`` of this thread; else un-nest."""
        if self.enable_count > 0:
            self.enable_count -= 1
            if self.enable_count == 0:
                _COUNTER.disable(self)
            super().disable()

    enable_by_count = enable
    disable_by_count = disable

    @overload
    def attach(self, function: Function, /) -> Function: ...

    @overload
    def attach(
        self, function: None = None, /, *, include_decorated: bool | None = None
    ) -> MonitorAttach: ...

    def attach(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        include_decorated: bool | None = None,
    ) -> Callable[..., Any] | MonitorAttach:
        """Profile whenever the body of a function runs: ``@profiler.attach``, or with ``()``.

        Parameters
        ----------
        function
            As for any monitor.
        include_decorated
            Whether the lines of the function itself are counted; None: if the profiler was made
            without functions.

        Returns
        -------
        callable
            The function that is watched; called with no function, the decorator that makes it.

        """
        include = self._adds_decorated if include_decorated is None else include_decorated
        decorator = _Attach(self) if include else MonitorAttach(self)
        return decorator if function is None else decorator(function)

    def _start(self) -> None:
        """Nothing: each thread switches on for itself."""

    def _stop(self) -> None:
        """Nothing, as above."""

    def _switch_on(self) -> None:
        """Count, unless that would spoil the counts of another: it takes over whose place it is."""
        if sys.version_info >= (3, 12) and not USE_LEGACY_TRACE:
            holder = sys.monitoring.get_tool(sys.monitoring.PROFILER_ID)
            if holder not in {None, _NAME}:
                raise ProfilerActive(_NAME, holder)
        _COUNTER.enable(self)

    def _rows(self) -> Iterable[tuple[Hashable, tuple[Any, ...]]]:
        statistics = self.get_stats()
        for (filename, _, name), timings in statistics.timings.items():
            for line_number, hits, time in timings:
                source = linecache.getline(filename, line_number).rstrip()
                total_ns = round(time * statistics.unit * _NS)
                yield (
                    (filename, name, line_number),
                    (name, line_number, hits, total_ns, source, filename),
                )


class _Attach(MonitorAttach):
    """Has the lines of the decorated function counted."""

    monitor: LineProfiler

    def __call__(self, function: Function) -> Function:
        watched = super().__call__(function)
        self.monitor.add_callable(function)
        return watched


def line_profile(*functions: Callable[..., Any], recorder: Recorder | None = None) -> MonitorAttach:
    """Return a decorator that counts lines whenever the body of a function runs.

    ``@line_profile()`` counts the lines of what it decorates, ``@line_profile(helper)`` those of
    ``helper``.  The decorated function has the profiler as its attribute ``monitor``.

    Parameters
    ----------
    *functions, recorder
        Those of ``LineProfiler``.

    Returns
    -------
    MonitorAttach
        The decorator.

    """
    return LineProfiler(*functions, recorder=recorder).attach()
