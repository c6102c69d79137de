"""The monitor of function events with memory inside some functions."""

from __future__ import annotations

from pikos.monitors.focused_function_mixin import FocusedFunctionMixin
from pikos.monitors.function_memory_monitor import FunctionMemoryMonitor


class FocusedFunctionMemoryMonitor(FocusedFunctionMixin, FunctionMemoryMonitor):
    """Record function events with memory inside some functions, the set ``functions``."""
