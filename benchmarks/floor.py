"""The floor: hooks that do nothing, to tell the interpreter's share of a cost from a profiler's."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.viewer import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import ModuleType

SOURCE = Path(__file__).with_name("floor.c")
TOOL = 4
"""Tool id of sys.monitoring; cProfile's, which runs in turn with it, is another."""


def empty_hooks(_address: str) -> AbstractContextManager[object]:
    """Have the events of a profiler delivered to hooks that do nothing."""
    return _hooks(clock=False)


def clock_hooks(_address: str) -> AbstractContextManager[object]:
    """Have them delivered to hooks that read the clock and do nothing else."""
    return _hooks(clock=True)


@contextlib.contextmanager
def _hooks(*, clock: bool) -> Iterator[object]:
    extension = _built()
    if not hasattr(sys, "monitoring"):
        extension.on(clock)
        try:
            yield extension
        finally:
            extension.off()
        return
    monitoring: Any = sys.monitoring
    events = monitoring.events
    told = ("PY_START", "PY_RESUME", "PY_THROW", "PY_RETURN", "PY_YIELD", "PY_UNWIND", "CALL")
    implied = ("C_RETURN", "C_RAISE")  # they come with CALL
    hook = extension.clock if clock else extension.nothing
    monitoring.use_tool_id(TOOL, "floor")
    try:
        for name in (*told, *implied):
            monitoring.register_callback(TOOL, getattr(events, name), hook)
        monitoring.set_events(TOOL, sum(getattr(events, name) for name in told))
        yield extension
    finally:
        monitoring.set_events(TOOL, 0)
        for name in (*told, *implied):
            monitoring.register_callback(TOOL, getattr(events, name), None)
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
