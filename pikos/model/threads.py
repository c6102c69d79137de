"""One thread of a session alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from operator import add
from typing import TYPE_CHECKING

from pikos.model.context_rows import ContextRows, ThreadTotal
from pikos.model.edge_sums import edge_sums
from pikos.model.lazy import ComputedRows, Overlay
from pikos.model.open_calls import include_open_calls
from pikos.model.rows import Edge, Stat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.model.edge_sums import EdgeSum, Key
    from pikos.model.rows import Context
    from pikos.model.snapshot import Snapshot


def of_thread(snapshot: Snapshot, thread: int) -> Snapshot:
    """Leave out what other threads did.

    Parameters
    ----------
    snapshot
        A session.
    thread
        Id of the thread.

    Returns
    -------
    Snapshot
        The session, with the costs in that thread alone; they are added up when they are read.

    """
    contexts = snapshot.counted.contexts
    returned = replace(
        snapshot,
        stats=ComputedRows(partial(thread_stats, contexts, thread)),
        edges=ComputedRows(partial(thread_edges, contexts, thread)),
        contexts=_of_thread(contexts, thread),
        open_calls=tuple(call for call in snapshot.open_calls if call.thread == thread),
        counters=None,
    )
    return include_open_calls(returned)


def _of_thread(contexts: Mapping[int, Context], thread: int) -> Mapping[int, Context]:
    if isinstance(contexts, ContextRows):
        return contexts.of_thread(thread)
    return {number: context for number, context in contexts.items() if context.thread == thread}


def thread_stats(contexts: Mapping[int, Context], thread: int) -> dict[int, Stat]:
    """Sum contexts by function.

    Parameters
    ----------
    contexts
        What has returned.
    thread
        Id of the thread.

    Returns
    -------
    dict
        What each function cost in that thread, by the function's id.

    """
    stats: dict[int, Stat] = {}
    for (of, _, function), found in context_sums(contexts).items():
        if of == thread:
            row = Stat(
                function,
                found.callcount,
                found.reccallcount,
                found.resumecount,
                found.inline_ns,
                found.cumulative_ns,
            )
            before = stats.get(function)
            stats[function] = (
                row if before is None else Stat(function, *map(add, before[1:], row[1:]))
            )
    return stats


def thread_edges(contexts: Mapping[int, Context], thread: int) -> dict[tuple[int, int], Edge]:
    """Sum contexts by caller and callee, as the publisher does for all threads.

    Parameters
    ----------
    contexts
        What has returned.
    thread
        Id of the thread.

    Returns
    -------
    dict
        What the calls cost, by caller and callee.

    """
    return {
        (caller, function): Edge(
            caller,
            function,
            found.callcount,
            found.edge_reccallcount,
            found.inline_ns,
            found.edge_cumulative_ns,
        )
        for (of, caller, function), found in context_sums(contexts).items()
        if of == thread
    }


def thread_totals(contexts: Mapping[int, Context]) -> dict[int, ThreadTotal]:
    """Sum contexts by thread.

    Parameters
    ----------
    contexts
        The contexts of a session, or some of them.

    Returns
    -------
    dict
        What each thread has done, by its id.

    """
    below, above = contexts.parts if isinstance(contexts, Overlay) else (contexts, {})
    totals: dict[int, ThreadTotal] = defaultdict(ThreadTotal)
    if isinstance(below, ContextRows):
        for thread, part in below.totals():
            totals[thread] = totals[thread].plus(*part)
    else:
        for row in below.values():
            totals[row.thread] = totals[row.thread].plus(row.callcount, row.inline_ns)
    for row in above.values():  # rows with open calls, which are no finished calls
        more_ns = row.inline_ns - below[row.id].inline_ns
        totals[row.thread] = totals[row.thread].plus(0, more_ns)
    return totals


def context_sums(contexts: Mapping[int, Context]) -> dict[Key, EdgeSum]:
    """Sum contexts by thread, caller and callee.

    Parameters
    ----------
    contexts
        What has returned.

    Returns
    -------
    dict
        As ``edge_sums``.

    """
    if isinstance(contexts, ContextRows):
        return contexts.sums()
    return edge_sums(contexts.values(), contexts)
