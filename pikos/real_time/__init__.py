"""The exact profiler: ``Profile`` counts as cProfile does; ``python -m pikos.real_time`` runs it.

The profiler that also publishes is ``pikos.api.RealTimeProfiler``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pikos.real_time.extension import Profiler
    from pikos.real_time.profile import Profile, label, run, runctx

__all__ = ["Profile", "Profiler", "label", "run", "runctx"]


def __getattr__(name: str) -> object:
    """Import what is asked for: the commands need less than all of it."""
    if name == "Profiler":
        from pikos.real_time.extension import Profiler  # noqa: PLC0415 - see above

        return Profiler
    if name in __all__:
        from pikos.real_time import profile  # noqa: PLC0415 - see above

        return getattr(profile, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
