"""Time of contexts that is in no context below them; of a session, only changed pages anew."""

from __future__ import annotations

import threading
import weakref
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pikos.model.context_rows import ContextRows, Page

Caller = tuple[int, int]
"""Thread and function of contexts."""

Root = tuple[int, int]
"""Thread and id of the context that stands for the thread itself."""

PAGES_AT_ONCE = 32
"""Pages whose callees are summed together; more take more memory for a moment."""

HOLE_MAX = 4
"""Distance of pages whose callees are summed together, though those between are not needed."""

NOTHING_CALLED = (0, 0)

_WIDTH = 4
_MOST = 2**63 - 1


def gap_ns(inner_ns: int, called_ns: int, called: int) -> int:
    """Time of a context that is neither its own nor that of the contexts below it.

    Parameters
    ----------
    inner_ns
        Its time without its own, ns.
    called_ns
        Sum of the cumulative times of the contexts below it, ns.
    called
        How many there are; each time is rounded to ns on its own.

    Returns
    -------
    int
        The time, ns; 0 if it may come from rounding.

    """
    gap = inner_ns - called_ns
    return gap if gap > called + 2 else 0


class Gap(NamedTuple):
    """Sums over the contexts of one function in one thread."""

    merged_ns: int = 0
    """Time of contexts that were merged into them, ns."""
    missing_ns: int = 0
    """The same, or the gap of a context where that is more, ns."""


class PageGaps(NamedTuple):
    """What is known of one page."""

    numbers: array[int]
    """Thread, function, and sums over their contexts, one after another; none that are 0."""
    roots: tuple[Root, ...]
    """The roots of threads."""

    def gaps(self) -> Iterator[tuple[Caller, Gap]]:
        """Give the sums over its contexts."""
        for thread, function, *sums in zip(*[iter(self.numbers)] * _WIDTH, strict=True):
            yield (thread, function), Gap(*sums)


class GapSums(NamedTuple):
    """What is known of one moment; not to be changed."""

    totals: Mapping[Caller, Gap]
    """Sums over all contexts."""
    pages: Mapping[int, PageGaps]
    """Sums over those of each page, by the page's number."""


class _Callees(NamedTuple):
    """What the contexts of a page add to the contexts that called them, by rising id of these."""

    parents: array[int]
    total_ns: array[int]
    counts: array[int]

    def differing(self, other: _Callees) -> set[int]:
        """Find the ids of contexts to which another page adds something else."""
        if self == other:
            return set()
        return {key for key, *_ in set(zip(*self, strict=True)) ^ set(zip(*other, strict=True))}


_NO_CALLEES = _Callees(array("q"), array("q"), array("q"))


class Gaps:
    """The gaps of a session, kept up to date from the pages that changed.

    Parameters
    ----------
    page_bits
        How many low bits of ids differ within a page.

    Threads: any
    """

    def __init__(self, page_bits: int) -> None:
        self._page_bits = page_bits
        self._lock = threading.Lock()
        self._of: Callable[[], ContextRows | None] = lambda: None
        self._known: dict[int, Callable[[], Page | None]] = {}
        self._callees: dict[int, _Callees] = {}
        self._pages: dict[int, PageGaps] = {}
        self._totals: dict[Caller, Gap] = {}

    def of(self, rows: ContextRows) -> GapSums:
        """Sum the gaps of one moment.

        Parameters
        ----------
        rows
            All contexts of the moment.

        Returns
        -------
        GapSums
            The sums.

        """
        with self._lock:
            if self._of() is not rows:
                self._take_in(rows.pages)
                self._of = weakref.ref(rows)
            return GapSums(self._totals.copy(), self._pages.copy())

    def _take_in(self, pages: Mapping[int, Page]) -> None:
        stale = set()
        for number in self._known.keys() - pages.keys():
            del self._known[number]
            stale.add(number)
            stale |= self._replace_callees(number, _NO_CALLEES)
            self._replace_gaps(number, None)
        for number, page in pages.items():
            known = self._known.get(number)
            if known is None or known() is not page:
                self._known[number] = weakref.ref(page)
                stale.add(number)
                stale |= self._replace_callees(number, _callees_of(page))
        for run in _runs(sorted(stale & pages.keys())):
            called = self._called(run[0] << self._page_bits, (run[-1] + 1) << self._page_bits)
            for number in run:
                self._replace_gaps(number, _gaps_of(pages[number], called))

    def _replace_callees(self, number: int, callees: _Callees) -> set[int]:
        """Take in what a page adds to its callers; returns the pages of those that changed."""
        before = self._callees.pop(number, _NO_CALLEES)
        if callees.parents:
            self._callees[number] = callees
        return {key >> self._page_bits for key in callees.differing(before)}

    def _replace_gaps(self, number: int, page: PageGaps | None) -> None:
        before = self._pages.pop(number, None)
        if before is not None:
            self._add(before, -1)
        if page is not None:
            self._pages[number] = page
            self._add(page, 1)

    def _add(self, page: PageGaps, sign: int) -> None:
        for key, gap in page.gaps():
            total = self._totals.get(key, Gap())
            total = Gap(*(have + sign * more for have, more in zip(total, gap, strict=True)))
            if any(total):
                self._totals[key] = total
            else:
                del self._totals[key]

    def _called(self, first: int, end: int) -> dict[int, tuple[int, int]]:
        """Sum and count the contexts below each of a range of ids."""
        called: dict[int, tuple[int, int]] = {}
        for parents, total_ns, counts in self._callees.values():
            if parents[-1] < first:
                continue
            part = slice(bisect_left(parents, first), bisect_left(parents, end))
            for parent, ns, count in zip(parents[part], total_ns[part], counts[part], strict=True):
                have_ns, have = called.get(parent, NOTHING_CALLED)
                called[parent] = have_ns + ns, have + count
        return called


def _runs(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Part rising numbers where some are left out, or a part has become long."""
    begin = 0
    for at in range(1, len(numbers) + 1):
        if (
            at == len(numbers)
            or numbers[at] - numbers[at - 1] > HOLE_MAX
            or (at - begin == PAGES_AT_ONCE)
        ):
            yield numbers[begin:at]
            begin = at


def _callees_of(page: Page) -> _Callees:
    total_ns: dict[int, int] = defaultdict(int)
    for parent, ns in page.columns("parent", "cumulative_ns"):
        total_ns[parent] += ns
    total_ns.pop(0, None)  # roots of threads, and folds
    parents = sorted(total_ns)
    counts = Counter(page.parents)
    return _Callees(
        array("q", parents),
        _packed(map(total_ns.__getitem__, parents)),
        array("q", map(counts.__getitem__, parents)),
    )


def _gaps_of(page: Page, called: Mapping[int, tuple[int, int]]) -> PageGaps:
    gaps: dict[Caller, list[int]] = {}
    roots = []
    for number, thread, function, folded, inline_ns, cumulative_ns, merged_ns in page.columns(
        "id", "thread", "function", "folded", "inline_ns", "cumulative_ns", "merged_ns"
    ):
        if cumulative_ns <= inline_ns and merged_ns <= 0 and function:
            continue  # most contexts called nothing
        if folded:
            continue
        if not function:
            roots.append((thread, number))
            continue
        gap = gap_ns(cumulative_ns - inline_ns, *called.get(number, NOTHING_CALLED))
        if gap or merged_ns > 0:
            sums = gaps.setdefault((thread, function), [0, 0])
            sums[0] += max(0, merged_ns)
            sums[1] += max(gap, merged_ns)
    numbers = (number for key, sums in gaps.items() for number in (*key, *sums))
    return PageGaps(_packed(numbers), tuple(roots))


def _packed(numbers: Iterable[int]) -> array[int]:
    """Lay out numbers; sums of made-up times may not fit 64 bits."""
    return array("q", (max(-_MOST, min(_MOST, number)) for number in numbers))
