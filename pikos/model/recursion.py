"""Which calls of an edge found their function open already."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pikos.model.open_calls import with_callers
from pikos.model.threads import context_sums

if TYPE_CHECKING:
    from pikos.model.rows import Edge
    from pikos.model.snapshot import Snapshot


class Levels(NamedTuple):
    """The calls of one edge: of a function that was not open, and of one that was.

    The cumulative times of ``outer`` of all edges to a function make up the function's.
    """

    outer_calls: int
    outer_ns: int
    inner_calls: int
    inner_ns: int


def levels(snapshot: Snapshot) -> dict[tuple[int, int], Levels]:
    """Tell the calls of a function that was open already from the others.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    dict
        By caller and callee; open calls are in the times, as in ``Edge``.

    """
    outer = _outer(snapshot) if snapshot.contexts else None
    left_ns = {number: stat.cumulative_ns for number, stat in snapshot.stats.items()}
    inner_left_ns = dict(left_ns)
    found = {}
    for key, edge in sorted(snapshot.edges.items(), key=lambda item: item[0][0]):
        level = _without_contexts(edge) if outer is None else outer.get(key, _Outer())
        calls = min(level.calls, edge.callcount)
        alone = calls == edge.callcount and not level.inner_open
        # What is more in an edge than in its contexts was rounded.
        ns = edge.cumulative_ns if alone else min(level.ns, edge.cumulative_ns)
        ns = min(ns, left_ns.get(edge.callee, 0))
        inner_ns = min(edge.cumulative_ns - ns, inner_left_ns.get(edge.callee, 0))
        if alone and outer is not None:
            inner_ns = 0
        left_ns[edge.callee] = left_ns.get(edge.callee, 0) - ns
        inner_left_ns[edge.callee] = inner_left_ns.get(edge.callee, 0) - inner_ns
        found[key] = Levels(calls, ns, edge.callcount - calls, inner_ns)
    return found


@dataclass
class _Outer:
    """The calls of one edge whose function was not open."""

    calls: int = 0
    ns: int = 0
    inner_open: bool = False
    """Whether there are open calls whose function was open already."""


def _outer(snapshot: Snapshot) -> dict[tuple[int, int], _Outer]:
    """Sum them by caller and callee, open calls included."""
    outer: dict[tuple[int, int], _Outer] = defaultdict(_Outer)
    contexts = snapshot.counted.contexts
    for (_, caller, callee), total in context_sums(contexts).items():
        outer[caller, callee].calls += total.callcount - total.reccallcount
        outer[caller, callee].ns += total.cumulative_ns
    for call, caller in with_callers(snapshot.open_calls, contexts):
        outer[caller, call.function].ns += call.cumulative_ns
        outer[caller, call.function].inner_open |= call.cumulative_ns < call.edge_cumulative_ns
    return outer


def _without_contexts(edge: Edge) -> _Outer:
    """Only of a function that calls itself it is known that it was open."""
    if edge.caller == edge.callee:
        return _Outer()
    return _Outer(edge.callcount, edge.cumulative_ns)
