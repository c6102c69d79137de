"""All external profilers.

Those whose package is not installed say so when they are used; ``import *`` leaves them out with
a warning.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pikos.external.line_profiler import LineProfiler, line_profile
    from pikos.external.python_cprofiler import PythonCProfiler
    from pikos.external.real_time_profiler import RealTimeProfiler
    from pikos.external.yappi_profiler import YappiProfiler, yappi_profile

__all__ = [
    "LineProfiler",
    "PythonCProfiler",
    "RealTimeProfiler",
    "YappiProfiler",
    "line_profile",
    "yappi_profile",
]

_MODULES = {
    "LineProfiler": "line_profiler",
    "PythonCProfiler": "python_cprofiler",
    "RealTimeProfiler": "real_time_profiler",
    "YappiProfiler": "yappi_profiler",
    "line_profile": "line_profiler",
    "yappi_profile": "yappi_profiler",
}
"""For each name the module that it is in, which is imported when the name is asked for."""

_NEEDS = {
    "line_profiler": ("line_profiler", "pip install 'pikos[line_profiler]'"),
    "yappi_profiler": ("yappi", "pip install 'pikos[yappi]'"),
    "real_time_profiler": ("pikos._lsprof", "build the extension (pikos doctor tells how)"),
}
"""For each module that needs something: what, and how to get it."""


_NAMES = tuple(__all__)
del __all__  # only ``import *`` asks for it, and __getattr__ answers


def __getattr__(name: str) -> object:
    if name == "__all__":
        return _names_without_the_missing()
    if name in _MODULES:
        return getattr(importlib.import_module(f"pikos.external.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _names_without_the_missing() -> list[str]:
    """Return the names that can be imported, and warn of the others."""
    missing = {
        module: f"{needed} ({remedy})"
        for module, (needed, remedy) in _NEEDS.items()
        if importlib.util.find_spec(needed) is None
    }
    left_out = [name for name in _NAMES if _MODULES[name] in missing]
    if left_out:
        warnings.warn(
            f"pikos.external.api is without {', '.join(left_out)}, for want of "
            f"{', '.join(missing.values())}",
            stacklevel=3,
        )
    return [name for name in _NAMES if name not in left_out]
