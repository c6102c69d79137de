"""The profilers that are compared: how each is switched on around one run."""

from __future__ import annotations

import contextlib
import cProfile
import importlib.metadata
import importlib.util
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.floor import hooks
from pikos.external.real_time_profiler import RealTimeProfiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

VIEWER_PATIENCE_S = 10.0


class Tool(NamedTuple):
    """One profiler."""

    name: str
    around: Callable[[str], AbstractContextManager[object]]
    """Profiles what runs within; is given the address at which a viewer listens."""
    beside: Callable[[str], AbstractContextManager[object]]
    """The cProfile that it is compared with."""
    watched: bool = False
    """Whether it publishes to a viewer."""
    package: str | None = None
    """What must be installed."""
    leaves_out: str | None = None
    """A workload in which it has nothing to count."""

    def version(self) -> str | None:
        """The version of its package; None if it is not installed, or of this project."""
        if self.package is None or importlib.util.find_spec(self.package) is None:
            return None
        return importlib.metadata.version(self.package)


@contextlib.contextmanager
def nothing(_address: str) -> Iterator[None]:
    """Profile nothing."""
    yield


@contextlib.contextmanager
def _cprofile(_address: str) -> Iterator[object]:
    with cProfile.Profile() as profile:
        yield profile


@contextlib.contextmanager
def _cprofile_python_only(_address: str) -> Iterator[object]:
    with cProfile.Profile(builtins=False) as profile:
        yield profile


@contextlib.contextmanager
def _counting(profiler: RealTimeProfiler) -> Iterator[object]:
    try:
        with profiler:
            if profiler.address is not None and not profiler.wait_for_viewer(0):
                raise RuntimeError("there is no viewer, so publishing costs nothing")
            yield profiler
    finally:
        profiler.close()


def _pikos(address: str) -> AbstractContextManager[object]:
    return _counting(RealTimeProfiler(address, wait_for_viewer=VIEWER_PATIENCE_S))


def _pikos_monotonic(address: str) -> AbstractContextManager[object]:
    return _counting(
        RealTimeProfiler(address, clock="monotonic", wait_for_viewer=VIEWER_PATIENCE_S)
    )


def _pikos_unpublished(_address: str) -> AbstractContextManager[object]:
    return _counting(RealTimeProfiler(publish=False))


def _pikos_python_only(address: str) -> AbstractContextManager[object]:
    return _counting(RealTimeProfiler(address, builtins=False, wait_for_viewer=VIEWER_PATIENCE_S))


@contextlib.contextmanager
def _yappi(_address: str) -> Iterator[object]:
    import yappi  # noqa: PLC0415 - a peer that need not be installed

    yappi.set_clock_type("wall")
    yappi.start(builtins=True, profile_threads=True)
    try:
        yield yappi
    finally:
        yappi.stop()
        yappi.clear_stats()


@contextlib.contextmanager
def _viztracer(_address: str) -> Iterator[object]:
    import viztracer  # noqa: PLC0415 - a peer that need not be installed

    tracer = viztracer.VizTracer(tracer_entries=5_000_000, verbose=0)
    tracer.start()
    try:
        yield tracer
    finally:
        tracer.stop()
        tracer.clear()


TOOLS = (
    Tool("pikos", _pikos, _cprofile, watched=True),
    Tool("pikos-monotonic", _pikos_monotonic, _cprofile, watched=True),
    Tool("pikos-unpublished", _pikos_unpublished, _cprofile),
    Tool(
        "pikos-python-only",
        _pikos_python_only,
        _cprofile_python_only,
        watched=True,
        leaves_out="builtins",
    ),
    Tool("floor", lambda _: hooks("nothing"), _cprofile),
    Tool("floor-clock", lambda _: hooks("clock"), _cprofile),
    Tool("yappi", _yappi, _cprofile, package="yappi"),
    Tool("viztracer", _viztracer, _cprofile, package="viztracer"),
)
"""Ours in its variants, what no profiler can go below, and our peers."""
