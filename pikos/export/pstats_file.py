"""A profile for ``pstats``, as ``cProfile`` saves it."""

from __future__ import annotations

import marshal
from collections import defaultdict
from typing import TYPE_CHECKING

from pikos.live.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.model import Snapshot

    Label = tuple[str, int, str]
    Counts = tuple[int, int, float, float]
    Rows = dict[Label, tuple[int, int, float, float, dict[Label, Counts]]]


def pstats_file(snapshot: Snapshot) -> Iterator[bytes]:
    """Write functions with what they cost, and what each caller's calls cost.

    Times are in seconds, as pstats has them.  Functions of one label are added up.  Open calls are
    counted with their time so far, and not as calls: a function may have 0 of them.  Every caller
    has a row of its own, as readers expect.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    bytes
        The file.

    """
    yield marshal.dumps(stats_of(snapshot))


def stats_of(snapshot: Snapshot) -> Rows:
    """Make what the file has, as pstats keeps it."""
    keys = {number: _key(snapshot, number) for number in snapshot.stats}
    counts: dict[Label, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    callers: dict[Label, dict[Label, list[int]]] = defaultdict(
        lambda: defaultdict(lambda: [0, 0, 0, 0])
    )
    for number, stat in snapshot.stats.items():
        if stat.callcount or stat.open:
            _add(
                counts[keys[number]],
                (stat.primitive_calls, stat.callcount, stat.inline_ns, stat.cumulative_ns),
            )
    for edge in snapshot.edges.values():
        if edge.caller and (edge.callcount or edge.open) and keys.get(edge.callee) in counts:
            caller = keys.get(edge.caller) or _key(snapshot, edge.caller)
            _add(counts[caller], (0, 0, 0, 0))
            _add(
                callers[keys[edge.callee]][caller],
                (edge.callcount, edge.primitive_calls, edge.inline_ns, edge.cumulative_ns),
            )
    return {
        key: (
            entry[0],
            entry[1],
            entry[2] / 1e9,
            entry[3] / 1e9,
            {
                caller: (one[0], one[1], one[2] / 1e9, one[3] / 1e9)
                for caller, one in callers[key].items()
            },
        )
        for key, entry in list(counts.items())
    }


def _key(snapshot: Snapshot, number: int) -> Label:
    function = snapshot.functions.get(number)
    if function is None:
        return ("", 0, f"function {number}")
    return (safe(function.file), function.line, safe(function.name))


def _add(sums: list[int], row: tuple[int, ...]) -> None:
    for at, value in enumerate(row):
        sums[at] += value
