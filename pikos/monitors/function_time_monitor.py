"""The monitor of function events with time and thread."""

from __future__ import annotations

from typing import Any, ClassVar

from pikos.monitors.function_monitor import FunctionMonitor
from pikos.monitors.records import FunctionTimeRecord


class FunctionTimeMonitor(FunctionMonitor):
    """Record function events with the time and the thread of each."""

    default_record_type: ClassVar[type[Any]] = FunctionTimeRecord
