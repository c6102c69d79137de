"""Where the time that is in no full stack stands in the tree."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pikos.model.context_rows import PAGE_BITS, ContextRows
from pikos.model.gaps import gap_ns
from pikos.model.lazy import Overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pikos.model.gaps import Caller, Gap
    from pikos.model.rows import Context

    Children = Callable[[int], Sequence[Context]]
    Placed = Callable[[Context, Sequence[Context]], int]


class Folds(NamedTuple):
    """What is to be placed."""

    left_ns: Mapping[int, int]
    """Self time of the calls in no full stack, by thread; no thread without any."""
    callers: Collection[Caller]
    """What called them."""

    def missing_ns(self, context: Context, children: Children) -> int:
        """Time that is missing below a context, ns."""
        if context.folded or not context.function:
            return 0
        gap = 0
        if (context.thread, context.function) in self.callers:
            below = children(context.id)
            called_ns = sum(child.cumulative_ns for child in below)
            gap = gap_ns(context.cumulative_ns - context.inline_ns, called_ns, len(below))
        return max(0, gap, context.merged_ns)

    def sum_ns(self, key: Caller, gap: Gap) -> int:
        """The same of all contexts of one function in one thread."""
        return gap.missing_ns if key in self.callers else gap.merged_ns


def placement(contexts: Mapping[int, Context], children: Children, folds: Folds) -> Placed:
    """Place time where it is missing, in the order of the contexts, while some is left.

    Parameters
    ----------
    contexts
        All contexts.
    children
        Finds the contexts below one.
    folds
        What is to be placed.

    Returns
    -------
    Callable
        Finds the time to put below a context, ns, for the context and those below it.

    """
    below, above = contexts.parts if isinstance(contexts, Overlay) else (contexts, {})
    if isinstance(below, ContextRows):
        return _PagedPlacement(contexts, (below, above), children, folds).placed_ns
    placed, left_ns = _place(contexts.values(), children, folds, folds.left_ns)
    roots: dict[int, int] = {}
    for context in contexts.values():
        if not context.function and not context.folded:
            roots.setdefault(context.thread, context.id)
    placed.update((number, left_ns.get(thread, 0)) for thread, number in roots.items())
    return lambda context, _: placed.get(context.id, 0)


def _place(
    contexts: Iterable[Context], children: Children, folds: Folds, left_ns: Mapping[int, int]
) -> tuple[dict[int, int], dict[int, int]]:
    """Place time below some contexts; returns it by their ids, and what is left by thread."""
    placed: dict[int, int] = {}
    left = dict(left_ns)
    for context in contexts:
        left_here = left.get(context.thread, 0)
        if left_here > 0:
            ns = min(folds.missing_ns(context, children), left_here)
            if ns:
                placed[context.id] = ns
                left[context.thread] -= ns
    return placed, left


class _LastPage(NamedTuple):
    """Where the time of a thread runs out."""

    number: int
    """Number of the page."""
    placed: Mapping[int, int]
    """What its contexts have, by their ids."""


class _PagedPlacement:
    """Places time in a tree of which only the changed pages are looked at.

    Parameters
    ----------
    contexts
        All contexts.
    parts
        Those that have returned, and those of them that are open, with their time so far.
    children
        Finds the contexts below one.
    folds
        What is to be placed.

    """

    def __init__(
        self,
        contexts: Mapping[int, Context],
        parts: tuple[ContextRows, Mapping[int, Context]],
        children: Children,
        folds: Folds,
    ) -> None:
        self._contexts = contexts
        self._children = children
        self._folds = folds
        self._returned, above = parts
        self._pages = self._returned.gaps().pages
        self._missing_ns: dict[int, int] = defaultdict(int)
        self._open_ns: dict[tuple[int, int], int] = defaultdict(int)
        self._last_pages: dict[int, _LastPage] = {}
        for key, gap in self._returned.gaps().totals.items():
            self._missing_ns[key[0]] += folds.sum_ns(key, gap)
        for number in {*above, *(row.parent for row in above.values())}:
            self._include_open(number)

    def _include_open(self, number: int) -> None:
        """Take into account what an open call adds to what is missing below a context."""
        now, returned = self._contexts.get(number), self._returned.get(number)
        if now is not None and returned is not None:
            more_ns = self._folds.missing_ns(now, self._children)
            more_ns -= self._folds.missing_ns(returned, self._returned.children)
            self._missing_ns[now.thread] += more_ns
            self._open_ns[now.thread, number >> PAGE_BITS] += more_ns

    @cached_property
    def _roots(self) -> dict[int, int]:
        """The first root of each thread."""
        return dict(
            root
            for number in sorted(self._pages, reverse=True)
            for root in reversed(self._pages[number].roots)
        )

    def placed_ns(self, context: Context, below: Sequence[Context]) -> int:
        """Find the time to put below a context, ns."""
        thread = context.thread
        left_ns = self._folds.left_ns.get(thread, 0)
        if not left_ns:
            return 0
        rest_ns = left_ns - self._missing_ns[thread]
        if not context.function:
            return max(0, rest_ns) if self._roots.get(thread) == context.id else 0
        missing_ns = self._folds.missing_ns(context, lambda _: below)
        if not missing_ns or rest_ns >= 0:
            return missing_ns
        last = self._last_page(thread)
        number = context.id >> PAGE_BITS
        if number == last.number:
            return last.placed.get(context.id, 0)
        return missing_ns if number < last.number else 0

    def _last_page(self, thread: int) -> _LastPage:
        if thread not in self._last_pages:
            self._last_pages[thread] = self._find_last_page(thread)
        return self._last_pages[thread]

    def _find_last_page(self, thread: int) -> _LastPage:
        left_ns = self._folds.left_ns[thread]
        number = 0
        for number in sorted(self._pages):
            gaps = self._pages[number].gaps()
            ns = sum(self._folds.sum_ns(key, gap) for key, gap in gaps if key[0] == thread)
            ns += self._open_ns.get((thread, number), 0)
            if ns > left_ns:
                break
            left_ns -= ns
        page = self._returned.pages.get(number)
        rows = () if page is None else map(self._contexts.__getitem__, page.ids)
        placed, _ = _place(rows, self._children, self._folds, {thread: left_ns})
        return _LastPage(number, placed)
