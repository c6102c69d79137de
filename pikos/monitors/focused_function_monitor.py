"""The monitor of function events inside some functions."""

from __future__ import annotations

from pikos.monitors.focused_function_mixin import FocusedFunctionMixin
from pikos.monitors.function_monitor import FunctionMonitor


class FocusedFunctionMonitor(FocusedFunctionMixin, FunctionMonitor):
    """Record function events inside some functions, the set ``functions``."""
