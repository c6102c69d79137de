"""The floor: hooks that do next to nothing, to tell the share of the interpreter and the system."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.viewer import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SOURCE = Path(__file__).with_name("floor.c")
TOOL = 4
"""Tool id of sys.monitoring; cProfile's, which runs in turn with it, is another."""


FUNCTIONS = ("PY_START", "PY_RESUME", "PY_THROW", "PY_RETURN", "PY_YIELD", "PY_UNWIND", "CALL")
LINES = ("LINE",)
IMPLIED = ("C_RETURN", "C_RAISE")
"""They come with CALL."""


@contextlib.contextmanager
def hooks(name: str, *, lines: bool = False) -> Iterator[object]:
    """Have the events of a profiler or a monitor delivered to hooks that do next to nothing.

    Parameters
    ----------
    name
        ``"nothing"``, or what they read, ``"clock"`` or ``"memory"``, and do nothing else.
    lines
        Whether the events are lines, and not calls.

    """
    extension = _built()
    if not hasattr(sys, "monitoring"):
        extension.on(name, lines)
        try:
            yield extension
        finally:
            extension.off(lines)
        return
    monitoring: Any = sys.monitoring
    events = monitoring.events
    told = LINES if lines else FUNCTIONS
    called = told if lines else told + IMPLIED
    monitoring.use_tool_id(TOOL, "floor")
    try:
        for event in called:
            monitoring.register_callback(TOOL, getattr(events, event), getattr(extension, name))
        monitoring.set_events(TOOL, sum(getattr(events, event) for event in told))
        yield extension
    finally:
        monitoring.set_events(TOOL, 0)
        for event in called:
            monitoring.register_callback(TOOL, getattr(events, event), None)
        monitoring.free_tool_id(TOOL)


def _built() -> ModuleType:
    """The extension, compiled once for each version of its source."""
    if "floor" in sys.modules:
        return sys.modules["floor"]
    directory = ROOT / "build" / "floor"
    found = _compiled(directory)
    spec = importlib.util.spec_from_file_location("floor", found)
    if spec is None or spec.loader is None:
        raise ImportError(f"{found} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["floor"] = module
    return module


def _compiled(directory: Path) -> Path:
    from setuptools import Distribution, Extension  # noqa: PLC0415 - only when it is asked for
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415 - as above

    command = build_ext(Distribution({"ext_modules": [Extension("floor", [str(SOURCE)])]}))
    command.build_lib = str(directory)
    command.build_temp = str(directory / "temporary")
    command.ensure_finalized()
    with contextlib.redirect_stdout(sys.stderr):
        command.run()
    return Path(command.get_ext_fullpath("floor"))
