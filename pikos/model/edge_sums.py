"""Sums of contexts by thread, caller and callee; of a session, only pages that changed anew."""

from __future__ import annotations

import threading
import weakref
from array import array
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pikos.model.context_rows import ContextRows, Page
    from pikos.model.rows import Context

Key = tuple[int, int, int]
"""Thread, caller and callee."""


class EdgeSum(NamedTuple):
    """What the calls of one function from one other cost in one thread."""

    callcount: int
    """Calls."""
    reccallcount: int
    """Those of them that found the function open already."""
    edge_reccallcount: int
    """Those of them that found the same call open already."""
    resumecount: int
    """Resumes among them."""
    inline_ns: int
    """Self time, ns."""
    cumulative_ns: int
    """Cumulative time of the calls that were outermost of their function, ns."""
    edge_cumulative_ns: int
    """Cumulative time of the calls that were outermost of their edge, ns."""


_WIDTH = 3 + len(EdgeSum._fields)
_MOST = 2**63 - 1


def edge_sums(rows: Iterable[Context], contexts: Mapping[int, Context]) -> dict[Key, EdgeSum]:
    """Sum contexts, as the publisher does for all threads.

    Parameters
    ----------
    rows
        The contexts to sum.
    contexts
        All contexts of the session, by id.

    Returns
    -------
    dict
        Sums by thread, caller and callee.

    """
    sums: dict[Key, list[int]] = {}
    path = _Path(contexts)
    for row in rows:
        is_open = not row.folded and path.go_on_to(row) and row.reccallcount > 0
        outermost = row.folded or not row.reccallcount
        if not row.function:
            continue
        key = (row.thread, row.caller, row.function)
        total = sums.get(key)
        if total is None:
            total = sums[key] = [0] * len(EdgeSum._fields)
        total[0] += row.callcount
        total[1] += row.reccallcount
        total[2] += row.reccallcount if row.folded else row.callcount * is_open
        total[3] += row.resumecount
        total[4] += row.inline_ns
        total[5] += row.cumulative_ns if outermost else 0
        total[6] += 0 if is_open else row.cumulative_ns
    return {key: EdgeSum(*total) for key, total in sums.items()}


class _Path:
    """The calls from a thread's root to a context; cheap where callers come before their callees.

    Parameters
    ----------
    contexts
        All contexts, by id; untrusted parents may go round in circles.

    """

    def __init__(self, contexts: Mapping[int, Context]) -> None:
        self._contexts = contexts
        self._rows: list[Context] = []
        self._open: Counter[tuple[int, int]] = Counter()

    def go_on_to(self, row: Context) -> bool:
        """Go on to a context; returns whether the same call is open further out."""
        while self._rows and (not row.parent or self._rows[-1].id != row.parent):
            outermost = self._rows.pop()
            self._open[outermost.caller, outermost.function] -= 1
        if not self._rows:
            for outer in reversed(list(self._outer(row))):
                self._push(outer)
        is_open = self._open[row.caller, row.function] > 0
        self._push(row)
        return is_open

    def _push(self, row: Context) -> None:
        self._rows.append(row)
        self._open[row.caller, row.function] += 1

    def _outer(self, row: Context) -> Iterator[Context]:
        seen = {row.id}
        while row.parent and row.parent not in seen:
            seen.add(row.parent)
            caller = self._contexts.get(row.parent)
            if caller is None:
                return
            row = caller
            yield row


class EdgeSums:
    """The sums of a session, kept up to date: each changed page is subtracted and added anew.

    Threads: any
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: Callable[[], ContextRows | None] = lambda: None
        self._parts: dict[int, tuple[Callable[[], Page | None], array[int]]] = {}
        self._totals: dict[Key, list[int]] = {}
        self._whole = True

    def of(self, rows: ContextRows) -> dict[Key, EdgeSum]:
        """Sum the contexts of one moment.

        Parameters
        ----------
        rows
            All contexts of the moment.

        Returns
        -------
        dict
            As ``edge_sums``.

        """
        with self._lock:
            if self._of() is not rows:
                self._take_in(rows)
                self._of = weakref.ref(rows)
            return {key: EdgeSum(*total) for key, total in self._totals.items() if any(total)}

    def _take_in(self, rows: ContextRows) -> None:
        if not self._whole:  # what a row adds may depend on callers that were not known
            self._parts.clear()
            self._totals.clear()
            self._whole = True
        for number in self._parts.keys() - rows.pages.keys():
            self._add(self._parts.pop(number)[1], -1)
        for number, page in rows.pages.items():
            before = self._parts.get(number)
            if before is not None:
                if before[0]() is page:
                    continue
                self._add(before[1], -1)
            part = _packed(edge_sums(page.rows(), rows))
            self._add(part, 1)
            self._parts[number] = weakref.ref(page), part
            self._whole &= all(parent in rows for parent in {*page.parents} - {0})

    def _add(self, part: array[int], sign: int) -> None:
        for at in range(0, len(part), _WIDTH):
            thread, caller, function, *more = part[at : at + _WIDTH]
            total = self._totals.setdefault((thread, caller, function), [0] * len(more))
            total[:] = [count + sign * other for count, other in zip(total, more, strict=True)]


def _packed(sums: Mapping[Key, EdgeSum]) -> array[int]:
    """Lay out sums one after another; those of made-up counts may not fit 64 bits."""
    numbers = (number for key, total in sums.items() for number in (*key, *total))
    return array("q", (max(-_MOST, min(_MOST, number)) for number in numbers))
