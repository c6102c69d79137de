"""The front door: everything that is usually needed, each part imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikos.external.real_time_profiler import RealTimeProfiler
    from pikos.monitors.attach import Function, MonitorAttach

__all__ = ["RealTimeProfiler", "real_time_profiler"]


def __getattr__(name: str) -> object:
    if name == "RealTimeProfiler":
        from pikos.external.real_time_profiler import RealTimeProfiler  # noqa: PLC0415 - see above

        return RealTimeProfiler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    from pikos.external.real_time_profiler import RealTimeProfiler  # noqa: PLC0415 - see above

    profiler = RealTimeProfiler(**settings)
    return profiler.attach() if function is None else profiler.attach(function)
