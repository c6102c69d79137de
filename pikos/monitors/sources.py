"""Which mechanism of the interpreter tells the monitors of events, chosen in one place."""

from __future__ import annotations

import functools
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

from pikos.hidden import DIRECTORY, THREADS
from pikos.monitors.file_names import NAMES
from pikos.monitors.measures import NO_SOURCE, source_lines
from pikos.monitors.sources_hooks import LineHooks, ProfileHooks
from pikos.native import EVENTS, MISSING
from pikos.signals import belongs_to_program

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
        "the way of Python 3.11, which has no sys.monitoring",
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


@functools.cache
def native() -> Sources:
    """Give the sources of the extension; only where it was built."""
    EVENTS.configure(
        directory=DIRECTORY,
        hidden=THREADS,
        threads=threading._active,  # type: ignore[attr-defined] # noqa: SLF001 - as thread_of
        read_source=source_lines,
        no_source=NO_SOURCE,
        of_the_program=belongs_to_program,
        file_names=NAMES,
    )
    if hasattr(sys, "monitoring"):
        return _native_tool()
    return _native_hooks()


def _native_tool() -> Sources:
    from pikos.monitors.sources_native import NativeTool  # noqa: PLC0415 - used here only

    tool = NativeTool()
    return Sources("sys.monitoring", f"{_BUILT}, for all threads", tool.functions, tool.lines)


def _native_hooks() -> Sources:
    from pikos.monitors.handlers import Handlers  # noqa: PLC0415 - as above
    from pikos.monitors.native_listeners import NativeListeners  # noqa: PLC0415 - as above
    from pikos.monitors.sources_native_hooks import NativeHooks  # noqa: PLC0415 - as above

    functions, lines = Handlers(), Handlers()
    tell = NativeListeners(functions, lines).tell
    return Sources(
        "PyEval_SetProfile and PyEval_SetTrace",
        _BUILT,
        NativeHooks(functions, tell, lines=False),
        NativeHooks(lines, tell, lines=True),
    )


_BUILT = "pikos._events was built, and no Python code runs at an event"


def native_is_chosen() -> bool:
    """Tell whether the extension deals with what no Python code must see."""
    return EVENTS is not None


def in_use() -> tuple[str, str]:
    """Give what makes the records of most monitors, as ``monitor.mechanism``, and by which events.

    What Python code has to see has those of ``chosen``.
    """
    if native_is_chosen():
        return "C", f"{native().name}: {native().reason}"
    return f"Python: {MISSING}", f"{chosen().name}: {chosen().reason}"


def chosen() -> Sources:
    """Give the sources that monitors use where there is no extension."""
    return monitoring() if hasattr(sys, "monitoring") else hooks()
