"""The monitor of lines with memory of some functions."""

from __future__ import annotations

from pikos.monitors.focused_line_mixin import FocusedLineMixin
from pikos.monitors.line_memory_monitor import LineMemoryMonitor


class FocusedLineMemoryMonitor(FocusedLineMixin, LineMemoryMonitor):
    """Record lines with memory of some functions, the set ``functions``."""
