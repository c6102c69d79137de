"""Finds the contexts that one called, among a million, without an object for each."""

from __future__ import annotations

import threading
import weakref
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pikos.model.context_rows import ContextRows, Page

SPARE = 1000
"""Contexts that may wait beside an eighth of those that are sorted; past them all are sorted."""


class ChildIndex:
    """The ids of contexts, sorted by their parents; made at the first look.

    It serves all moments of a session, so it may know contexts that a moment lacks, or has
    with another parent: who asks looks at what it gets.

    Threads: any
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: Callable[[], ContextRows | None] = lambda: None
        self._links: dict[int, int] = {}
        self._parents = array("q")
        self._ids = array("q")
        self._added: defaultdict[int, dict[int, None]] = defaultdict(dict)
        self._added_count = 0

    def children(self, rows: ContextRows, parent: int) -> list[int]:
        """Find the ids of contexts with a parent.

        Parameters
        ----------
        rows
            All contexts of the moment.
        parent
            Id of the parent.

        Returns
        -------
        list of int
            Ids of all its contexts, and maybe of others.

        """
        with self._lock:
            if self._of() is not rows:
                self._take_in(rows.pages)
                self._of = weakref.ref(rows)
            begin, end = self._range(parent)
            return [*self._ids[begin:end], *self._added.get(parent, ())]

    def _range(self, parent: int) -> tuple[int, int]:
        begin = bisect_left(self._parents, parent)
        return begin, bisect_right(self._parents, parent, begin)

    def _take_in(self, pages: Mapping[int, Page]) -> None:
        """Add what pages have that are not as they were."""
        news = {n: page for n, page in pages.items() if self._links.get(n) != page.links}
        if self._added_count + sum(map(len, news.values())) > SPARE + len(self._ids) // 8:
            self._sort(pages)
            news = dict(pages)
        else:
            for page in news.values():
                for number, parent in zip(page.ids, page.parents, strict=True):
                    self._add(number, parent)
        self._links.update((n, page.links) for n, page in news.items())

    def _add(self, number: int, parent: int) -> None:
        begin, end = self._range(parent)
        at = bisect_left(self._ids, number, begin, end)
        if (at == end or self._ids[at] != number) and number not in self._added[parent]:
            self._added[parent][number] = None
            self._added_count += 1

    def _sort(self, pages: Mapping[int, Page]) -> None:
        parents, ids = array("q"), array("q")
        for number in sorted(pages):
            parents += pages[number].parents
            ids += pages[number].ids
        order = sorted(range(len(ids)), key=parents.__getitem__)  # ids of one parent stay sorted
        self._parents = array("q", map(parents.__getitem__, order))
        self._ids = array("q", map(ids.__getitem__, order))
        self._links.clear()
        self._added.clear()
        self._added_count = 0
