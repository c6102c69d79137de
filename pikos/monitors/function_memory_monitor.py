"""The monitor of function events with memory."""

from __future__ import annotations

from typing import Any, ClassVar

from pikos.monitors.function_monitor import FunctionMonitor
from pikos.monitors.records import FunctionMemoryRecord


class FunctionMemoryMonitor(FunctionMonitor):
    """Record function events with the memory of the process at each."""

    default_record_type: ClassVar[type[Any]] = FunctionMemoryRecord
