"""All monitors and their records."""

from __future__ import annotations

from pikos.monitors.attach import MonitorAttach
from pikos.monitors.focus import FunctionSet
from pikos.monitors.focused_attach import FocusedMonitorAttach
from pikos.monitors.focused_function_memory_monitor import FocusedFunctionMemoryMonitor
from pikos.monitors.focused_function_mixin import FocusedFunctionMixin
from pikos.monitors.focused_function_monitor import FocusedFunctionMonitor
from pikos.monitors.focused_line_memory_monitor import FocusedLineMemoryMonitor
from pikos.monitors.focused_line_mixin import FocusedLineMixin
from pikos.monitors.focused_line_monitor import FocusedLineMonitor
from pikos.monitors.function_memory_monitor import FunctionMemoryMonitor
from pikos.monitors.function_monitor import FunctionMonitor
from pikos.monitors.function_time_monitor import FunctionTimeMonitor
from pikos.monitors.line_memory_monitor import LineMemoryMonitor
from pikos.monitors.line_monitor import LineMonitor
from pikos.monitors.line_time_monitor import LineTimeMonitor
from pikos.monitors.monitor import Monitor
from pikos.monitors.recorder import Recorder
from pikos.monitors.records import (
    FunctionMemoryRecord,
    FunctionMemoryTimeRecord,
    FunctionRecord,
    FunctionTimeRecord,
    LineMemoryRecord,
    LineMemoryTimeRecord,
    LineRecord,
    LineTimeRecord,
    record_type_of,
)

__all__ = [
    "FocusedFunctionMemoryMonitor",
    "FocusedFunctionMixin",
    "FocusedFunctionMonitor",
    "FocusedLineMemoryMonitor",
    "FocusedLineMixin",
    "FocusedLineMonitor",
    "FocusedMonitorAttach",
    "FunctionMemoryMonitor",
    "FunctionMemoryRecord",
    "FunctionMemoryTimeRecord",
    "FunctionMonitor",
    "FunctionRecord",
    "FunctionSet",
    "FunctionTimeMonitor",
    "FunctionTimeRecord",
    "LineMemoryMonitor",
    "LineMemoryRecord",
    "LineMemoryTimeRecord",
    "LineMonitor",
    "LineRecord",
    "LineTimeMonitor",
    "LineTimeRecord",
    "Monitor",
    "MonitorAttach",
    "Recorder",
    "record_type_of",
]
