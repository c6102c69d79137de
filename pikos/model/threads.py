"""One thread of a session alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from operator import add
from typing import TYPE_CHECKING

from pikos.model.context_rows import ContextRows
from pikos.model.lazy import ComputedRows
from pikos.model.open_calls import include_open_calls
from pikos.model.rows import Edge, Stat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    contexts = _of_thread(snapshot.counted.contexts, thread)
    returned = replace(
        snapshot,
        stats=ComputedRows(partial(thread_stats, contexts)),
        edges=ComputedRows(partial(thread_edges, contexts)),
        contexts=contexts,
        open_calls=tuple(call for call in snapshot.open_calls if call.thread == thread),
        counters=None,
    )
    return include_open_calls(returned)


def _of_thread(contexts: Mapping[int, Context], thread: int) -> Mapping[int, Context]:
    if isinstance(contexts, ContextRows):
        return contexts.of_thread(thread)
    return {number: context for number, context in contexts.items() if context.thread == thread}


def thread_stats(contexts: Mapping[int, Context]) -> dict[int, Stat]:
    """Sum contexts by function.

    Parameters
    ----------
    contexts
        What has returned in one thread.

    Returns
    -------
    dict
        What each function cost in that thread, by the function's id.

    """
    sums: dict[int, Stat] = {}
    for context in contexts.values():
        if not context.function:
            continue
        outermost = context.folded or not context.reccallcount
        row = Stat(
            context.function,
            context.callcount,
            context.reccallcount,
            context.resumecount,
            context.inline_ns,
            context.cumulative_ns if outermost else 0,
        )
        before = sums.get(context.function)
        sums[context.function] = (
            row if before is None else Stat(row.function, *map(add, before[1:], row[1:]))
        )
    return sums


def thread_edges(contexts: Mapping[int, Context]) -> dict[tuple[int, int], Edge]:
    """Sum contexts by caller and callee, as the publisher does for all threads.

    Parameters
    ----------
    contexts
        What has returned in one thread.

    Returns
    -------
    dict
        What the calls cost, by caller and callee.

    """
    sums: dict[tuple[int, int], list[int]] = {}
    for context in contexts.values():
        if not context.function:
            continue
        entry = sums.setdefault((context.caller, context.function), [0] * 4)
        open_already = _is_open_already(context, contexts)
        entry[0] += context.callcount
        entry[1] += context.reccallcount if context.folded else context.callcount * open_already
        entry[2] += context.inline_ns
        entry[3] += context.cumulative_ns * (not open_already)
    return {key: Edge(*key, *entry) for key, entry in sums.items()}


def _is_open_already(context: Context, contexts: Mapping[int, Context]) -> bool:
    """Tell whether the same call is open further out; only where its function is can that be."""
    if context.folded or not context.reccallcount:
        return False
    return any(
        (outer.caller, outer.function) == (context.caller, context.function)
        for outer in _outer(context, contexts)
    )


def _outer(context: Context, contexts: Mapping[int, Context]) -> Iterable[Context]:
    """Go outwards; what a stranger sent may go round in circles."""
    seen = {context.id}
    while context.parent not in seen and context.parent in contexts:
        seen.add(context.parent)
        context = contexts[context.parent]
        yield context
