"""What a program costs that makes many times as many calling contexts as the tree keeps."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import psutil

from benchmarks.figure import Figure
from benchmarks.terminal import published
from benchmarks.workloads import nested
from pikos.live import subscribe
from pikos.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikos.model import Snapshot

FUNCTIONS, QUICK_FUNCTIONS = (216, 271), (120,)
"""What is called within one another: 10 and 20 million contexts, or nearly two."""

DEPTH = 3
HOT_CALLS = 100_000
TICK_S = 0.001
TIMEOUT_S = 60.0


class _Run(NamedTuple):
    """What making the contexts took."""

    cpu_s: float
    pause_s: float
    """The longest time for which another thread did not go on, though it only slept a moment."""

    grown_bytes: int


def measure(*, quick: bool) -> list[Figure]:
    """Measure ten and twenty million contexts, and whether a new hot loop is seen after them.

    Parameters
    ----------
    quick
        Whether to be content with nearly two million.

    Raises
    ------
    RuntimeError
        If the loop is not in its full stack.

    """
    return [
        figure for count in (QUICK_FUNCTIONS if quick else FUNCTIONS) for figure in _figures(count)
    ]


def _figures(count: int) -> list[Figure]:
    contexts = sum(count**depth for depth in range(1, DEPTH + 1))
    fill = nested(count, DEPTH)
    runs: list[_Run] = []

    def run() -> None:
        runs.append(_timed(fill))
        _begin()

    with published(run) as address:
        snapshot = _whole(address)
    calls = _calls_of(snapshot, ("run", "_begin", "_middle", "_hot"))
    if calls != HOT_CALLS:
        message = f"{calls} calls of the hot loop are in its full stack, not {HOT_CALLS}"
        raise RuntimeError(message)
    session, (ran,) = snapshot.session, runs
    note = f"{session.merged_contexts:,} merged, {session.folded_calls:,} calls folded"
    what = f"{contexts:,} contexts, then a hot loop, in its full stack"
    return [
        Figure(f"{what}: each context", 1e9 * ran.cpu_s / contexts, "ns", note=note),
        Figure(f"{what}: longest pause", 1e3 * ran.pause_s, "ms"),
        Figure(f"{what}: resident memory grew by", ran.grown_bytes / 2**20, "MiB"),
    ]


def _timed(work: Callable[[], None]) -> _Run:
    """Do work, and see meanwhile from another thread how long nothing else goes on."""
    process = psutil.Process()
    done = threading.Event()
    pauses: list[float] = []
    watch = threading.Thread(target=_watch, args=(done, pauses))
    before = process.memory_info().rss
    watch.start()
    begun = time.process_time()
    work()
    spent_s = time.process_time() - begun
    done.set()
    watch.join()
    return _Run(spent_s, max(pauses), process.memory_info().rss - before)


def _watch(done: threading.Event, pauses: list[float]) -> None:
    while not done.is_set():
        asked = time.perf_counter()
        time.sleep(TICK_S)
        pauses.append(time.perf_counter() - asked - TICK_S)


def _begin() -> None:
    _middle()


def _middle() -> None:
    for _ in range(HOT_CALLS):
        _hot()


def _hot() -> None:
    pass


def _whole(address: str) -> Snapshot:
    model = Model()
    with subscribe(address, timeout=TIMEOUT_S) as messages:
        deadline = time.monotonic() + TIMEOUT_S
        while not model.snapshot().complete and time.monotonic() < deadline:
            message = messages.receive(1.0)
            if message is not None:
                model.fold(message)
    return model.snapshot()


def _calls_of(snapshot: Snapshot, stack: tuple[str, ...]) -> int:
    """Count the calls of a stack's innermost function that are in contexts of just that stack."""
    rows = snapshot.contexts
    calls = 0
    for row in rows.values():
        names: list[str] = []
        at = row
        while at.function and not at.folded:
            names.append(snapshot.functions[at.function].name)
            at = rows[at.parent]
        if not at.folded and tuple(reversed(names))[-len(stack) :] == stack:
            calls += row.callcount
    return calls
