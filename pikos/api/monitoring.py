"""The factories of monitors: decorators that record while the body of a function runs."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pikos.monitors.attach import Function, MonitorAttach
    from pikos.recorders.abstract_recorder import AbstractRecorder


class MonitorFactory:
    """Makes decorators that record what happens while the body of a function runs.

    ``@function_monitor``, ``@function_monitor()`` or, for example,
    ``@function_monitor(recorder=csv_file(), focused=True)``; the decorated function may be a
    function, a method, a static or class method, a generator function, a coroutine function or
    an asynchronous generator function.

    Parameters
    ----------
    monitor
        Name of the class of the monitor.
    focused
        Name of the class of the monitor that has functions to focus on.
    record_type
        Name of the class of the records; None for that which the monitor has by itself.

    """

    def __init__(self, monitor: str, focused: str, record_type: str | None = None) -> None:
        self._monitor = monitor
        self._focused = focused
        self._record_type = record_type

    @overload
    def __call__(self, function: Function, /) -> Function: ...

    @overload
    def __call__(
        self,
        recorder: AbstractRecorder | None = None,
        focus_on: Iterable[Callable[..., Any]] | None = None,
        *,
        focused: bool = False,
        fields: Sequence[str] | None = None,
        record_type: type | None = None,
        threads: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
        memory_interval: float = 0.0,
    ) -> MonitorAttach: ...

    def __call__(
        self,
        recorder: Any = None,
        focus_on: Iterable[Callable[..., Any]] | None = None,
        *,
        focused: bool = False,
        fields: Sequence[str] | None = None,
        record_type: type | None = None,
        threads: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
        memory_interval: float = 0.0,
    ) -> Any:
        """Make a decorator, or decorate a function with one that has no settings.

        The decorated function and the decorator have the monitor as their attribute ``monitor``:
        to enable and disable it elsewhere too, and to change the functions that are focused on
        (``monitor.functions``).

        Parameters
        ----------
        recorder
            Where records go; by default to the screen.
        focus_on
            Functions, methods or classes that recording is focused on.
        focused
            Focus on the decorated functions; together with ``focus_on``, on both.
        fields
            Names of the fields that a record has, instead of the usual ones.
        record_type
            Class of the records, instead of the usual one.
        threads
            Whether all threads are recorded, or only the one that runs the function.
        clock
            Gives the time of records with ``time_ns``, in ns.
        memory_interval
            The memory is read at most every so many µs; 0: at each event.

        Returns
        -------
        MonitorAttach or callable
            The decorator; without parentheses, the function that is watched.

        Raises
        ------
        TypeError
            If the recorder is none.
        ValueError
            If there is no field of a name, or a setting makes no sense.

        """
        if _is_function(recorder):
            return self()(recorder)
        monitor = self.monitor(
            recorder,
            focus_on=() if focused and focus_on is None else focus_on,
            fields=fields,
            record_type=record_type,
            threads=threads,
            clock=clock,
            memory_interval=memory_interval,
        )
        return monitor.attach(include_decorated=True) if focused else monitor.attach()

    def monitor(
        self,
        recorder: AbstractRecorder | None = None,
        focus_on: Iterable[Callable[..., Any]] | None = None,
        *,
        fields: Sequence[str] | None = None,
        record_type: type | None = None,
        threads: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
        memory_interval: float = 0.0,
    ) -> Any:
        """Make the monitor alone, attached to nothing.

        Parameters
        ----------
        recorder, focus_on, fields, record_type, threads, clock, memory_interval
            As for the decorator.

        Returns
        -------
        Monitor
            The monitor; a focused one if ``focus_on`` is not None.

        """
        settings: dict[str, Any] = {
            "fields": fields,
            "threads": threads,
            "clock": clock,
            "memory_interval": memory_interval,
        }
        if record_type is None and fields is None and self._record_type is not None:
            record_type = _named("pikos.monitors.records", self._record_type)
        if focus_on is None:
            return _named("pikos.monitors.api", self._monitor)(recorder, record_type, **settings)
        return _named("pikos.monitors.api", self._focused)(
            recorder, record_type, functions=tuple(focus_on), **settings
        )


def _is_function(given: object) -> bool:
    """Whether a factory was used without parentheses; a recorder may be callable, too."""
    return isinstance(given, staticmethod | classmethod) or (
        callable(given) and not hasattr(given, "record")
    )


def _named(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


function_monitor = monitor_functions = MonitorFactory("FunctionMonitor", "FocusedFunctionMonitor")
"""Record function events."""

line_monitor = monitor_lines = MonitorFactory("LineMonitor", "FocusedLineMonitor")
"""Record lines before they run."""

function_memory_monitor = memory_on_functions = MonitorFactory(
    "FunctionMemoryMonitor", "FocusedFunctionMemoryMonitor"
)
"""Record the process's memory at function events."""

line_memory_monitor = memory_on_lines = MonitorFactory(
    "LineMemoryMonitor", "FocusedLineMemoryMonitor"
)
"""Record the process's memory before each line."""

function_time_monitor = time_on_functions = MonitorFactory(
    "FunctionTimeMonitor", "FocusedFunctionMonitor", "FunctionTimeRecord"
)
"""Record the times of function events."""

line_time_monitor = time_on_lines = MonitorFactory(
    "LineTimeMonitor", "FocusedLineMonitor", "LineTimeRecord"
)
"""Record the times at which lines are about to run."""


@overload
def real_time_profiler(function: Function, /) -> Function: ...


@overload
def real_time_profiler(**settings: object) -> MonitorAttach: ...


def real_time_profiler(
    function: Callable[..., Any] | None = None,
    /,
    **settings: Any,
) -> Callable[..., Any] | MonitorAttach:
    """Profile a function whenever its body runs, and publish what it does while it runs.

    ``@real_time_profiler``, ``@real_time_profiler()`` or ``@real_time_profiler(interval=1.0)``.
    The decorated function has the profiler as its attribute ``monitor``.

    Parameters
    ----------
    function
        The function to profile, when used without parentheses.
    **settings
        Those of ``RealTimeProfiler``.

    Returns
    -------
    callable
        The function that is profiled, or the decorator that makes it.

    """
    from pikos.external.real_time_profiler import (  # noqa: PLC0415 - imported when asked for
        RealTimeProfiler,
    )

    profiler = RealTimeProfiler(**settings)
    return profiler.attach() if function is None else profiler.attach(function)
