"""What a profiler counted, looked up by function, and clocks for it that the test moves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from pikos._lsprof import Profiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

TREE_DEPTH_MAX = 400
"""Calls within one another that tests keep apart, where they fold what is deeper."""


class Calls(NamedTuple):
    """Counts of a function, or of one caller's calls of it."""

    calls: int
    recursive: int = 0


class FakeClock:
    """A timer that says what the test has set it to."""

    def __init__(self, now: float = 0, unit: float = 1) -> None:
        self.now = now
        self.unit = unit

    def __call__(self) -> float:
        return self.now


@contextmanager
def counting(**options: Any) -> Iterator[Profiler]:
    """A profiler that is enabled meanwhile."""
    profiler = Profiler(**options)
    profiler.enable()
    try:
        yield profiler
    finally:
        profiler.disable()


def record(profiler: Profiler, *functions: Callable[[], object]) -> None:
    """Call functions with the profiler enabled."""
    profiler.enable()
    try:
        for function in functions:
            function()
    finally:
        profiler.disable()


def nest(depth: int, act: Callable[[], object]) -> None:
    """Act within so many calls."""
    if depth:
        nest(depth - 1, act)
    else:
        act()


def code_of(function: Callable[..., object] | str) -> CodeType | str:
    return getattr(function, "__code__", function)


def entry_of(source: Profiler | list[Any], function: Callable[..., object] | str) -> Any:
    """The entry of a function, or of a built-in by its label; None if there is none."""
    entries = source if isinstance(source, list) else source.getstats()
    code = code_of(function)
    found = [
        entry
        for entry in entries
        if entry.code is code or (isinstance(code, str) and entry.code == code)
    ]
    assert len(found) <= 1
    return found[0] if found else None


def calls_of(source: Profiler | list[Any], function: Callable[..., object] | str) -> Calls:
    entry = entry_of(source, function)
    return Calls(0) if entry is None else Calls(entry.callcount, entry.reccallcount)


def edge_of(
    source: Profiler | list[Any],
    caller: Callable[..., object] | str,
    callee: Callable[..., object] | str,
) -> Any:
    """The sub-entry of a caller's calls of a function; None if there is none."""
    entry = entry_of(source, caller)
    return None if entry is None else entry_of(list(entry.calls or ()), callee)


def edge_calls_of(
    source: Profiler | list[Any],
    caller: Callable[..., object] | str,
    callee: Callable[..., object] | str,
) -> Calls:
    edge = edge_of(source, caller, callee)
    return Calls(0) if edge is None else Calls(edge.callcount, edge.reccallcount)


def starts_and_resumes(profiler: Profiler, function: Callable[..., object]) -> tuple[int, int]:
    entry = entry_of(profiler, function)
    return entry.callcount - entry.resumecount, entry.resumecount


def open_calls(threads: list[Any]) -> int:
    """How many calls have not returned, of what ``thread_stats()`` gave."""
    return sum(facts["open"] for facts, _ in threads)
