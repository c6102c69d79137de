"""One thread of a session alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pikos.model.rows import Edge

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
        The session, with the functions' costs in that thread alone, and without edges:
        ``thread_edges`` finds them.

    """
    contexts = snapshot.contexts.items()
    return replace(
        snapshot,
        stats=snapshot.thread_stats(thread),
        edges={},
        contexts={number: context for number, context in contexts if context.thread == thread},
        open_calls=tuple(call for call in snapshot.open_calls if call.thread == thread),
    )


def thread_edges(snapshot: Snapshot) -> dict[tuple[int, int], Edge]:
    """Sum the contexts of a thread by caller and callee, as the publisher does for all threads.

    Parameters
    ----------
    snapshot
        A session with one thread alone, as ``of_thread`` gives it.

    Returns
    -------
    dict
        What the calls cost, by caller and callee.

    """
    contexts = snapshot.contexts
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
