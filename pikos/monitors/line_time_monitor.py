"""The monitor of lines with time and thread."""

from __future__ import annotations

from typing import Any, ClassVar

from pikos.monitors.line_monitor import LineMonitor
from pikos.monitors.records import LineTimeRecord


class LineTimeMonitor(LineMonitor):
    """Record lines with the time and the thread of each."""

    default_record_type: ClassVar[type[Any]] = LineTimeRecord
