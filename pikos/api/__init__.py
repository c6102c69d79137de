"""The front door: everything that is usually needed, each part imported when it is asked for."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pikos.api.monitoring import (
    function_memory_monitor,
    function_monitor,
    function_time_monitor,
    line_memory_monitor,
    line_monitor,
    line_time_monitor,
    memory_on_functions,
    memory_on_lines,
    monitor_functions,
    monitor_lines,
    real_time_profiler,
    time_on_functions,
    time_on_lines,
)
from pikos.api.recording import (
    csv_file,
    csvfile,
    record_list,
    screen,
    text_file,
    textfile,
    zeromq,
)

if TYPE_CHECKING:
    from pikos.external.line_profiler import LineProfiler, line_profile
    from pikos.external.python_cprofiler import PythonCProfiler
    from pikos.external.real_time_profiler import RealTimeProfiler
    from pikos.external.yappi_profiler import YappiProfiler, yappi_profile
    from pikos.filters.api import FieldMissing, Filter, NotOnValue, OnChange, OnValue
    from pikos.monitors.api import (
        FocusedFunctionMemoryMonitor,
        FocusedFunctionMonitor,
        FocusedLineMemoryMonitor,
        FocusedLineMonitor,
        FunctionMemoryMonitor,
        FunctionMonitor,
        FunctionTimeMonitor,
        LineMemoryMonitor,
        LineMonitor,
        LineTimeMonitor,
        Monitor,
        MonitorAttach,
    )
    from pikos.recorders.api import (
        AbstractRecorder,
        CSVFileRecorder,
        CSVRecorder,
        ListRecorder,
        RecorderError,
        TextFileRecorder,
        TextStreamRecorder,
        ZeroMQRecorder,
    )

__all__ = [
    "AbstractRecorder",
    "CSVFileRecorder",
    "CSVRecorder",
    "FieldMissing",
    "Filter",
    "FocusedFunctionMemoryMonitor",
    "FocusedFunctionMonitor",
    "FocusedLineMemoryMonitor",
    "FocusedLineMonitor",
    "FunctionMemoryMonitor",
    "FunctionMonitor",
    "FunctionTimeMonitor",
    "LineMemoryMonitor",
    "LineMonitor",
    "LineProfiler",
    "LineTimeMonitor",
    "ListRecorder",
    "Monitor",
    "MonitorAttach",
    "NotOnValue",
    "OnChange",
    "OnValue",
    "PythonCProfiler",
    "RealTimeProfiler",
    "RecorderError",
    "TextFileRecorder",
    "TextStreamRecorder",
    "YappiProfiler",
    "ZeroMQRecorder",
    "csv_file",
    "csvfile",
    "function_memory_monitor",
    "function_monitor",
    "function_time_monitor",
    "line_memory_monitor",
    "line_monitor",
    "line_profile",
    "line_time_monitor",
    "memory_on_functions",
    "memory_on_lines",
    "monitor_functions",
    "monitor_lines",
    "real_time_profiler",
    "record_list",
    "screen",
    "text_file",
    "textfile",
    "time_on_functions",
    "time_on_lines",
    "yappi_profile",
    "zeromq",
]

_EXTERNAL = {
    "LineProfiler": "pikos.external.line_profiler",
    "PythonCProfiler": "pikos.external.python_cprofiler",
    "RealTimeProfiler": "pikos.external.real_time_profiler",
    "YappiProfiler": "pikos.external.yappi_profiler",
    "line_profile": "pikos.external.line_profiler",
    "yappi_profile": "pikos.external.yappi_profiler",
}
"""Where the external profilers are: each needs a package that the others do not."""


_NEEDS = {
    "LineProfiler": "line_profiler",
    "RealTimeProfiler": "pikos._lsprof",
    "YappiProfiler": "yappi",
    "ZeroMQRecorder": "zmq",
    "line_profile": "line_profiler",
    "yappi_profile": "yappi",
}
"""What some names need; without it they are not in ``__all__``, and say so if asked for."""

_NAMES = frozenset(__all__)
"""The names, whether what they need is there or not."""

__all__[:] = [name for name in __all__ if name not in _NEEDS or find_spec(_NEEDS[name])]


def __getattr__(name: str) -> object:
    if name in _NAMES:
        return getattr(importlib.import_module(_home_of(name)), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def _home_of(name: str) -> str:
    """The module that has a name which this one only hands on."""
    if name in _EXTERNAL:
        return _EXTERNAL[name]
    if name.startswith("Monitor") or name.endswith("Monitor"):
        return "pikos.monitors.api"
    if "Recorder" in name:
        return "pikos.recorders.api"
    return "pikos.filters.api"
