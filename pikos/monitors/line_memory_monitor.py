"""The monitor of lines with memory."""

from __future__ import annotations

from typing import Any, ClassVar

from pikos.monitors.line_monitor import LineMonitor
from pikos.monitors.records import LineMemoryRecord


class LineMemoryMonitor(LineMonitor):
    """Record lines with the memory of the process before each."""

    default_record_type: ClassVar[type[Any]] = LineMemoryRecord
