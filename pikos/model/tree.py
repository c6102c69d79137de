"""The calling-context tree: what each context called, found when it is asked for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pikos.model.context_rows import ContextRows
from pikos.model.lazy import Overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pikos.model.rows import Context


def children_of(contexts: Mapping[int, Context]) -> Callable[[int], Sequence[Context]]:
    """Order contexts by what called them.

    Parameters
    ----------
    contexts
        The contexts of a session, or some of them, by id.

    Returns
    -------
    Callable
        Finds the contexts below a context's id; below 0 the root of each thread, and the rows
        that stand for calls in no full stack.

    """
    if isinstance(contexts, Overlay):
        below, above = contexts.parts
        children = children_of(below)
        return lambda parent: [above.get(row.id, row) for row in children(parent)]
    if isinstance(contexts, ContextRows):
        return contexts.children
    called = defaultdict(list)
    for context in contexts.values():
        called[context.parent].append(context)
    return lambda parent: called.get(parent, ())


def folds_of(contexts: Mapping[int, Context]) -> Iterable[Context]:
    """Find the rows that stand for calls in no full stack.

    Parameters
    ----------
    contexts
        The contexts of a session, or some of them, by id.

    Returns
    -------
    Iterable of Context
        The rows.

    """
    if isinstance(contexts, Overlay):
        below, above = contexts.parts
        return (above.get(row.id, row) for row in folds_of(below))
    if isinstance(contexts, ContextRows):
        return contexts.folds()
    return (context for context in contexts.values() if context.folded)
