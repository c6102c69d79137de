"""Calls in no full stack: folded past the bounds of the calling-context tree, or merged."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pikos.model.placement import Folds, placement
from pikos.model.rows import Context
from pikos.model.tree import children_of, folds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pikos.model.snapshot import Snapshot

UNSTACKED = -1
"""Id of the function that stands for such calls in a tree; a session counts its own from 1."""

UNSTACKED_NAME = "not in full stacks (folded)"
"""What people see of it."""


class Unstacked(NamedTuple):
    """Calls that are in no full stack; functions, callers and callees have them exactly."""

    calls: int = 0
    """How many, open calls included."""
    self_ns: int = 0
    """Their self time, ns."""

    def plus(self, calls: int, self_ns: int) -> Unstacked:
        """Add calls."""
        return Unstacked(self.calls + calls, self.self_ns + self_ns)


def unstacked(snapshot: Snapshot) -> Unstacked:
    """Sum the calls of a session that are in no full stack.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    Unstacked
        How many, and their time.

    """
    threads = _by_thread(folds_of(snapshot.contexts)).values()
    return Unstacked(sum(one.calls for one in threads), sum(one.self_ns for one in threads))


def _by_thread(folds: Iterable[Context]) -> dict[int, Unstacked]:
    sums: dict[int, Unstacked] = defaultdict(Unstacked)
    for fold in folds:
        sums[fold.thread] = sums[fold.thread].plus(
            fold.callcount + fold.open, max(0, fold.inline_ns)
        )
    return sums


def full_tree(snapshot: Snapshot) -> Callable[[int], Sequence[Context]]:
    """Order the contexts by what called them, and put in the time that is in no full stack.

    It stands below the contexts whose time is more than their own and that of what they called;
    what cannot be placed so is below the root of its thread.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    Callable
        As ``children_of``; contexts of function ``UNSTACKED`` are those that were put in.

    """
    contexts = snapshot.contexts
    children = children_of(contexts)
    rows = list(folds_of(contexts))
    left_ns = {thread: one.self_ns for thread, one in _by_thread(rows).items() if one.self_ns}
    if not left_ns:
        return children
    callers = {(row.thread, row.caller) for row in rows}
    placed_ns = placement(contexts, children, Folds(left_ns, callers))

    def full(parent: int) -> Sequence[Context]:
        below = children(parent)
        above = contexts.get(parent)
        if above is None:
            return below
        self_ns = placed_ns(above, below)
        return [*below, _stand_in(above, self_ns)] if self_ns else below

    return full


def _stand_in(above: Context, self_ns: int) -> Context:
    return Context(
        id=-above.id,
        parent=above.id,
        thread=above.thread,
        function=UNSTACKED,
        caller=above.function,
        folded=0,
        callcount=0,
        reccallcount=0,
        resumecount=0,
        inline_ns=self_ns,
        cumulative_ns=self_ns,
    )
