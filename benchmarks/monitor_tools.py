"""The monitors that are compared, ours and what one would write or install instead."""

from __future__ import annotations

import collections
import contextlib
import csv
import importlib
import importlib.util
import io
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from benchmarks.floor import hooks
from benchmarks.workloads import WORKLOADS
from pikos.monitors.api import (
    FocusedLineMonitor,
    FunctionMemoryMonitor,
    FunctionMonitor,
    LineMemoryMonitor,
    LineMonitor,
)
from pikos.recorders.api import CSVFileRecorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

LOOPS = 30_000
LINES_OF_A_LOOP = 4


class Work(NamedTuple):
    """What is monitored."""

    run: Callable[[], object]
    monitor: type[Any]
    """Counts its events."""


class MonitorTool(NamedTuple):
    """One way to record events, switched on around a run."""

    name: str
    around: Callable[[Work, str], AbstractContextManager[object]]
    """Records what runs within; is given the work and the name of a file to write."""
    package: str | None = None

    @property
    def installed(self) -> bool:
        """Whether it can be used."""
        return self.package is None or importlib.util.find_spec(self.package) is not None


def loop(count: int) -> int:
    """Run four lines so many times."""
    total = 0
    for number in range(count):
        total += number
        total -= 1
        total ^= 3
    return total


def _to_csv(
    monitor: type[Any], instead: str | None = None
) -> Callable[[Work, str], AbstractContextManager[object]]:
    """Ours; written to another file instead, as to one that keeps nothing."""
    return lambda _work, path: monitor(CSVFileRecorder(instead or path))


@contextlib.contextmanager
def _setprofile(path: str, measure: Callable[[], tuple[int, ...]]) -> Iterator[None]:
    fields = ["index", "type", "function", "line", "file", *["RSS", "VMS"][: len(measure())]]
    record = collections.namedtuple("record", fields)  # type: ignore[misc] # noqa: PYI024 - as one would
    with open(path, "w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        index = 0

        def hook(frame: Any, event: str, arg: Any) -> None:
            nonlocal index
            code = frame.f_code
            name = arg.__name__ if event[0] == "c" and event != "call" else code.co_name
            write(record(index, event, name, frame.f_lineno, code.co_filename, *measure()))
            index += 1

        sys.setprofile(hook)
        try:
            yield
        finally:
            sys.setprofile(None)


@contextlib.contextmanager
def _settrace(path: str, measure: Callable[[], tuple[int, ...]]) -> Iterator[None]:
    with open(path, "w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        index = 0

        def hook(frame: Any, event: str, _arg: Any) -> Any:
            nonlocal index
            if event == "line":
                code = frame.f_code
                write((index, code.co_name, frame.f_lineno, code.co_filename, *measure()))
                index += 1
            return hook

        sys.settrace(hook)
        try:
            yield
        finally:
            sys.settrace(None)


def _nothing() -> tuple[int, ...]:
    return ()


def _memory() -> Callable[[], tuple[int, ...]]:
    read = psutil.Process().memory_info

    def measure() -> tuple[int, ...]:
        info = read()
        return info.rss, info.vms

    return measure


@contextlib.contextmanager
def _viztracer(_work: Work, _path: str) -> Iterator[object]:
    tracer = importlib.import_module("viztracer").VizTracer(verbose=0)
    tracer.start()
    try:
        yield tracer
    finally:
        tracer.stop()
        tracer.clear()


@contextlib.contextmanager
def _line_profiler(function: Callable[..., object]) -> Iterator[object]:
    profiler = importlib.import_module("line_profiler").LineProfiler(function)
    profiler.enable_by_count()
    try:
        yield profiler
    finally:
        profiler.disable_by_count()


@contextlib.contextmanager
def _memory_profiler(_work: Work, _path: str) -> Iterator[object]:
    module = importlib.import_module("memory_profiler")
    profiler = module.LineProfiler(backend="psutil")
    profiler.add_function(loop)
    profiler.enable_by_count()
    try:
        yield profiler
    finally:
        profiler.disable_by_count()
        module.show_results(profiler, stream=io.StringIO())


def elsewhere() -> None:
    """Never run: what a monitor is focused on while other code runs."""


def _focused(_work: Work, path: str) -> AbstractContextManager[object]:
    return FocusedLineMonitor(CSVFileRecorder(path), functions=[elsewhere])


def _workload(name: str) -> Callable[[], object]:
    return next(workload.work for workload in WORKLOADS if workload.name == name)


class Case(NamedTuple):
    """One row of the table: a kind of event on one program."""

    what: str
    work: Work
    goal: float | None
    tools: tuple[MonitorTool, ...]
    """Ours first."""
    share: bool = False
    """Whether the figure is what a run takes more, in percent, and not ns for each event."""


def _cases() -> dict[str, Case]:
    fib, syntax = _workload("fib"), _workload("syntax")
    few, many = LOOPS // 10, LOOPS
    functions = (
        MonitorTool("pikos", _to_csv(FunctionMonitor)),
        MonitorTool("to /dev/null", _to_csv(FunctionMonitor, os.devnull)),
        MonitorTool("hooks that do nothing", lambda *_: hooks("nothing")),
        MonitorTool("setprofile + namedtuple + csv", lambda _, path: _setprofile(path, _nothing)),
        MonitorTool("viztracer, not saved", _viztracer, "viztracer"),
    )
    return {
        "functions": Case(
            "function event → CSV file", Work(fib, FunctionMonitor), 110.0, functions
        ),
        "functions-mixed": Case(
            "the same, a program that parses", Work(syntax, FunctionMonitor), None, functions[:1]
        ),
        "functions-memory": Case(
            "function event + RSS/VMS → CSV file",
            Work(lambda: loop_of_calls(few), FunctionMonitor),
            1300.0,
            (
                MonitorTool("pikos", _to_csv(FunctionMemoryMonitor)),
                MonitorTool("hooks that read statm", lambda *_: hooks("memory")),
                MonitorTool(
                    "setprofile + psutil + csv", lambda _, path: _setprofile(path, _memory())
                ),
            ),
        ),
        "lines": Case(
            "line event → CSV file",
            Work(lambda: loop(many), LineMonitor),
            65.0,
            (
                MonitorTool("pikos", _to_csv(LineMonitor)),
                MonitorTool("to /dev/null", _to_csv(LineMonitor, os.devnull)),
                MonitorTool("hooks that do nothing", lambda *_: hooks("nothing", lines=True)),
                MonitorTool("settrace + csv", lambda _, path: _settrace(path, _nothing)),
                MonitorTool("line_profiler", lambda *_: _line_profiler(loop), "line_profiler"),
            ),
        ),
        "lines-memory": Case(
            "line event + RSS/VMS → CSV file",
            Work(lambda: loop(few), LineMonitor),
            1200.0,
            (
                MonitorTool("pikos", _to_csv(LineMemoryMonitor)),
                MonitorTool("hooks that read statm", lambda *_: hooks("memory", lines=True)),
                MonitorTool("memory_profiler", _memory_profiler, "memory_profiler"),
            ),
        ),
        "focused-lines": Case(
            "focused line monitor, a program outside the focus",
            Work(syntax, FunctionMonitor),
            1.0 if hasattr(sys, "monitoring") else None,
            (
                MonitorTool("pikos", _focused),
                MonitorTool("line_profiler", lambda *_: _line_profiler(elsewhere), "line_profiler"),
            ),
            share=True,
        ),
    }


def loop_of_calls(count: int) -> None:
    """Call a function that does nothing so many times."""
    for _ in range(count):
        elsewhere()


CASES = _cases()
