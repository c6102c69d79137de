"""The monitor of lines of some functions."""

from __future__ import annotations

from pikos.monitors.focused_line_mixin import FocusedLineMixin
from pikos.monitors.line_monitor import LineMonitor


class FocusedLineMonitor(FocusedLineMixin, LineMonitor):
    """Record lines of some functions, the set ``functions``."""
