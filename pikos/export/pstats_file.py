"""A profile for ``pstats``, as ``cProfile`` saves it."""

from __future__ import annotations

import marshal
from collections import defaultdict
from typing import TYPE_CHECKING

from pikos.live.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.model import Snapshot

Key = tuple[str, int, str]


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
    keys = {number: _key(snapshot, number) for number in snapshot.stats}
    counts: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    callers: dict[Key, dict[Key, list[int]]] = defaultdict(
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
    yield marshal.dumps(
        {
            key: (
                *entry[:2],
                entry[2] / 1e9,
                entry[3] / 1e9,
                {
                    caller: (*one[:2], one[2] / 1e9, one[3] / 1e9)
                    for caller, one in callers[key].items()
                },
            )
            for key, entry in list(counts.items())
        }
    )


def _key(snapshot: Snapshot, number: int) -> Key:
    function = snapshot.functions.get(number)
    if function is None:
        return ("", 0, f"function {number}")
    return (safe(function.file), function.line, safe(function.name))


def _add(sums: list[int], row: tuple[int, ...]) -> None:
    for at, value in enumerate(row):
        sums[at] += value
