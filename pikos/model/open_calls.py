"""Adds open calls to what has returned: the one place where both become the numbers shown."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pikos.model.lazy import ComputedRows, Overlay
from pikos.model.rows import Context, Counted, Edge, Stat, rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pikos.model.rows import OpenCall
    from pikos.model.snapshot import Snapshot


def include_open_calls(returned: Snapshot) -> Snapshot:
    """Count the time so far of open calls.

    Parameters
    ----------
    returned
        A session whose functions, edges and contexts are what has returned.

    Returns
    -------
    Snapshot
        The session, in whose functions, edges and contexts its open calls are counted too; those
        that have nothing but open calls have a row.  Rows are made when they are read.

    """
    calls = _of_version_2(returned.open_calls)
    if not calls:
        return returned
    stats, edges, contexts = returned.stats, returned.edges, returned.contexts
    return replace(
        returned,
        stats=Overlay(stats, ComputedRows(partial(_rounded, _stats, stats, calls))),
        edges=Overlay(edges, ComputedRows(partial(_rounded, _edges, edges, contexts, calls))),
        contexts=Overlay(contexts, ComputedRows(partial(_rounded, _contexts, contexts, calls))),
        open_calls=calls,
        counters=returned.counted,
    )


def exclude_open_calls(snapshot: Snapshot) -> Snapshot:
    """Take the time of open calls away from rows that have it, as a file has them.

    Parameters
    ----------
    snapshot
        A session in whose functions, edges and contexts its open calls are counted.

    Returns
    -------
    Snapshot
        The session, of which ``include_open_calls`` makes the same again.

    """
    stats, edges, contexts, calls = (
        snapshot.stats,
        snapshot.edges,
        snapshot.contexts,
        snapshot.open_calls,
    )
    return replace(
        snapshot,
        stats={**stats, **_stats(stats, calls, -1)},
        edges={**edges, **_edges(edges, contexts, calls, -1)},
        contexts={**contexts, **_contexts(contexts, calls, -1)},
    )


def _rounded(add: Callable[..., dict[Any, Any]], *arguments: Any) -> dict[Any, Any]:
    return {key: rounded(row) for key, row in add(*arguments).items()}


def _stats(stats: Mapping[int, Stat], calls: Iterable[OpenCall], sign: int = 1) -> dict[int, Stat]:
    rows: dict[int, Stat] = {}
    for call in calls:
        number = call.function
        row = rows.get(number) or stats.get(number) or Stat(number, 0, 0, 0, 0, 0)
        rows[number] = _plus(row, call, sign * call.cumulative_ns, sign)
    return rows


def _edges(
    edges: Mapping[tuple[int, int], Edge],
    contexts: Mapping[int, Context],
    calls: Sequence[OpenCall],
    sign: int = 1,
) -> dict[tuple[int, int], Edge]:
    """Add calls to the edges that lead to them; the context knows who called."""
    rows: dict[tuple[int, int], Edge] = {}
    for call, caller in with_callers(calls, contexts):
        key = caller, call.function
        row = rows.get(key) or edges.get(key) or Edge(*key, 0, 0, 0, 0)
        rows[key] = _plus(row, call, sign * call.edge_cumulative_ns, sign)
    return rows


def with_callers(
    calls: Sequence[OpenCall], contexts: Mapping[int, Context]
) -> Iterator[tuple[OpenCall, int]]:
    """Find out who called each of some open calls.

    Parameters
    ----------
    calls
        The open calls of a session.
    contexts
        Its contexts, by id.

    Yields
    ------
    tuple
        A call, and the id of the function that called it; 0 for none.

    """
    outer = {(call.thread, call.depth + 1): call.function for call in calls if not call.stack}
    for call in calls:
        context = contexts.get(call.context)
        if context is not None:
            yield call, context.caller
        else:
            yield call, 0 if call.stack else outer.get((call.thread, call.depth), 0)


def _contexts(
    contexts: Mapping[int, Context], calls: Iterable[OpenCall], sign: int = 1
) -> dict[int, Context]:
    """Add calls to their contexts; where one belongs that is not known yet cannot be said."""
    rows: dict[int, Context] = {}
    for call in calls:
        row = rows.get(call.context) or contexts.get(call.context)
        if row is not None:
            # The age of several calls is that of the outermost one.
            ages_ns = max(call.age_ns, call.cumulative_ns, call.own_ns)
            ns = call.cumulative_ns if row.folded else ages_ns
            rows[call.context] = _plus(row, call, sign * ns, sign)
    return rows


def _plus(row: Counted, call: OpenCall, cumulative_ns: int, sign: int) -> Counted:
    return row._replace(
        inline_ns=row.inline_ns + sign * call.own_ns,
        cumulative_ns=row.cumulative_ns + cumulative_ns,
        open=row.open + sign * call.calls,
    )


def _of_version_2(calls: tuple[OpenCall, ...]) -> tuple[OpenCall, ...]:
    """Complete the calls of an old recording, which has nothing but their ages.

    The cumulative time of a function, or of an edge, lacks the age of the outermost of its calls.
    """
    if all(call.calls for call in calls):
        return calls
    functions: set[tuple[int, int]] = set()
    edges: set[tuple[int, int, int]] = set()
    completed = []
    outer: OpenCall | None = None
    for call in sorted(calls, key=lambda call: (call.thread, call.depth)):
        caller = 0
        if outer is not None and (outer.thread, outer.depth + 1) == (call.thread, call.depth):
            caller = outer.function
        function, edge = (call.thread, call.function), (call.thread, caller, call.function)
        completed.append(
            call._replace(
                calls=1,
                cumulative_ns=0 if function in functions else call.age_ns,
                edge_cumulative_ns=0 if edge in edges else call.age_ns,
            )
        )
        functions.add(function)
        edges.add(edge)
        outer = call
    return tuple(completed)
