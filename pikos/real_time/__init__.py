"""The exact profiler: ``Profile`` counts as cProfile does; ``python -m pikos.real_time`` runs it.

The profiler that also publishes is ``pikos.api.RealTimeProfiler``.
"""

from __future__ import annotations

from pikos.real_time.extension import Profiler
from pikos.real_time.profile import Profile, label, run, runctx

__all__ = ["Profile", "Profiler", "label", "run", "runctx"]
