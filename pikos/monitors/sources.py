"""Which mechanism of the interpreter tells the monitors of events, chosen in one place."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, NamedTuple

from pikos.monitors.sources_hooks import LineHooks, ProfileHooks

if TYPE_CHECKING:
    from pikos.monitors.handlers import Source


class Sources(NamedTuple):
    """The sources of one mechanism."""

    name: str
    """What the mechanism is called."""
    reason: str
    """Why it is the one in use."""
    functions: Source
    """Function events."""
    lines: Source
    """Line events."""


@functools.cache
def hooks() -> Sources:
    """Give the sources that use the profile and the trace function of each thread."""
    return Sources(
        "sys.setprofile and sys.settrace",
        f"Python {sys.version_info[0]}.{sys.version_info[1]} has no sys.monitoring",
        ProfileHooks(),
        LineHooks(),
    )


@functools.cache
def monitoring() -> Sources:
    """Give the sources that use ``sys.monitoring``; only where there is one."""
    from pikos.monitors.sources_monitoring import MonitoringTool  # noqa: PLC0415 - used here only

    tool = MonitoringTool()
    return Sources(
        "sys.monitoring",
        "Python 3.12 and later: it sees all threads, and leaves other tools alone",
        tool.functions,
        tool.lines,
    )


def chosen() -> Sources:
    """Give the sources that monitors use in this interpreter."""
    return monitoring() if hasattr(sys, "monitoring") else hooks()
