"""Calling contexts as pages of numbers; a row is made when it is read."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import ItemsView, KeysView, ValuesView
from functools import partial
from itertools import chain, compress, repeat
from operator import lt
from typing import TYPE_CHECKING, Any, NamedTuple

from pikos.model.child_index import ChildIndex
from pikos.model.edge_sums import EdgeSums
from pikos.model.gaps import Gaps
from pikos.model.keyed import columns_of
from pikos.model.lazy import LazyRows
from pikos.model.rows import Context
from pikos.wire.tables import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pikos.model.edge_sums import EdgeSum, Key
    from pikos.model.gaps import GapSums
    from pikos.wire.messages import Block

PAGE_BITS = 10
"""A page has the contexts whose ids differ in so many low bits only."""

_NAMES = tuple(column.name for column in CONTEXT.columns)
_WIDTH = len(_NAMES)
_ID, _PARENT, _THREAD, _FOLDED, _CALLCOUNT, _INLINE_NS = map(
    _NAMES.index, ("id", "parent", "thread", "folded", "callcount", "inline_ns")
)
_MAKE = partial(tuple.__new__, Context)
_NOT_SENT = (0,) * (len(Context._fields) - _WIDTH)  # ``open``: no open call is counted yet


class ThreadTotal(NamedTuple):
    """What a thread has done."""

    calls: int = 0
    """Calls that have returned."""
    self_ns: int = 0
    """Time in calls, ns."""

    def plus(self, calls: int, self_ns: int) -> ThreadTotal:
        """Add calls."""
        return ThreadTotal(self.calls + calls, self.self_ns + self_ns)


class Page:
    """The contexts of one page, in the order of their ids.

    Parameters
    ----------
    numbers
        Row after row, ids rising; never changed once a page has it.

    Threads: any
    """

    __slots__ = ("__weakref__", "_folds", "_links", "_totals", "numbers")

    def __init__(self, numbers: array[int]) -> None:
        self.numbers = numbers
        self._links: int | None = None
        self._totals: dict[int, ThreadTotal] | None = None
        self._folds: tuple[Context, ...] | None = None

    def __len__(self) -> int:
        return len(self.numbers) // _WIDTH

    def column(self, at: int) -> array[int]:
        """Copy one column."""
        return self.numbers[at::_WIDTH]

    @property
    def ids(self) -> array[int]:
        """Ids of the contexts."""
        return self.column(_ID)

    @property
    def parents(self) -> array[int]:
        """Parents of the contexts."""
        return self.column(_PARENT)

    def columns(self, *names: str) -> Iterator[tuple[int, ...]]:
        """Give some columns of each row."""
        return zip(*(self.column(_NAMES.index(name)) for name in names), strict=True)

    @property
    def links(self) -> int:
        """A hash of ids and parents: equal where a page has the same ones."""
        if self._links is None:
            self._links = hash((self.ids + self.parents).tobytes())
        return self._links

    @property
    def totals(self) -> Mapping[int, ThreadTotal]:
        """What each thread has done, by its id."""
        if self._totals is None:
            threads, totals = self.column(_THREAD), {}
            columns = self.column(_CALLCOUNT), self.column(_INLINE_NS)
            for thread in set(threads):
                own: tuple[array[int], ...] = columns
                if threads.count(thread) < len(threads):
                    chosen = [of == thread for of in threads]
                    own = tuple(array("q", compress(column, chosen)) for column in columns)
                totals[thread] = ThreadTotal(*map(sum, own))
            self._totals = totals
        return self._totals

    @property
    def folds(self) -> tuple[Context, ...]:
        """The rows that stand for calls in no full stack."""
        if self._folds is None:
            folded = self.column(_FOLDED)
            self._folds = tuple(compress(self.rows(), folded)) if any(folded) else ()
        return self._folds

    def find(self, number: int) -> int:
        """Find where the row of a context begins in ``numbers``; -1 if there is none."""
        return _find(self.numbers, number)

    def row(self, begin: int) -> Context:
        """Make the row that begins there."""
        row: Context = _MAKE((*self.numbers[begin : begin + _WIDTH], *_NOT_SENT))
        return row

    def rows(self) -> Iterator[Context]:
        """Make all rows."""
        columns = (self.column(at) for at in range(_WIDTH))
        return map(_MAKE, zip(*columns, *map(repeat, _NOT_SENT), strict=False))

    def and_then(self, rows: array[int]) -> Page:
        """Return the page with other rows, ids rising, in place of its own or beside them."""
        numbers = self.numbers
        if rows[_ID] > numbers[_ID - _WIDTH]:
            return Page(numbers + rows)
        if rows[_ID::_WIDTH] != self.ids:
            places = [_find(numbers, number) for number in rows[_ID::_WIDTH]]
            if min(places) < 0:
                return Page(_in_order(numbers + rows))
            merged = numbers[:]
            for at, place in zip(range(0, len(rows), _WIDTH), places, strict=True):
                merged[place : place + _WIDTH] = rows[at : at + _WIDTH]
            rows = merged
        return self if rows == numbers else Page(rows)

    def of_thread(self, thread: int) -> Page | None:
        """Leave out the contexts of other threads; None if that leaves none."""
        if thread not in self.totals:
            return None
        if len(self.totals) == 1:
            return self
        chosen = array("q")
        for at, of in enumerate(self.column(_THREAD)):
            if of == thread:
                chosen.extend(self.numbers[at * _WIDTH : (at + 1) * _WIDTH])
        return Page(chosen)

    def changed(self, before: Page) -> Iterator[int]:
        """Find the ids of rows that an earlier page does not have, or has with other numbers."""
        numbers, earlier = self.numbers, before.numbers
        for at in range(0, len(numbers), _WIDTH):
            then = at if self.links == before.links else before.find(numbers[at])
            if then < 0 or numbers[at : at + _WIDTH] != earlier[then : then + _WIDTH]:
                yield numbers[at]


class ContextRows(LazyRows):
    """The calling contexts of a session at one moment, by id.

    Nothing that was handed out ever changes: what comes next shares the pages that it leaves as
    they are.

    Threads: any
    """

    __slots__ = ("__weakref__", "_count", "_gaps", "_index", "_pages", "_sums", "_whole")

    def __init__(
        self,
        pages: Mapping[int, Page] | None = None,
        index: ChildIndex | None = None,
        sums: EdgeSums | None = None,
        gaps: Gaps | None = None,
        whole: ContextRows | None = None,
    ) -> None:
        self._pages: Mapping[int, Page] = {} if pages is None else pages
        self._index = ChildIndex() if index is None else index
        self._sums = EdgeSums() if sums is None else sums
        self._gaps = Gaps(PAGE_BITS) if gaps is None else gaps
        self._whole = whole
        self._count = sum(map(len, self._pages.values()))

    def and_then(self, block: Block) -> ContextRows:
        """Return what there is when one more block has come."""
        rows = _in_order(_numbers_of(block))
        ids = rows[_ID::_WIDTH]
        pages = dict(self._pages)
        begin = 0
        while begin < len(ids):
            number = ids[begin] >> PAGE_BITS
            end = bisect_left(ids, (number + 1) << PAGE_BITS, begin)
            part = rows[begin * _WIDTH : end * _WIDTH]
            page = pages.get(number)
            pages[number] = Page(part) if page is None else page.and_then(part)
            begin = end
        return ContextRows(pages, self._index, self._sums, self._gaps)

    @property
    def rows(self) -> dict[int, Context]:
        """All rows, made: as large as what this class is there to avoid."""
        return dict(self.items())

    @property
    def pages(self) -> Mapping[int, Page]:
        """The rows, by the high bits of their ids."""
        return self._pages

    def children(self, parent: int) -> list[Context]:
        """Find the contexts that one called."""
        found = map(self.get, self._index.children(self, parent))
        return [row for row in found if row is not None and row.parent == parent]

    def totals(self) -> Iterator[tuple[int, ThreadTotal]]:
        """Give what each thread has done, in parts."""
        return chain.from_iterable(page.totals.items() for page in self._pages.values())

    def sums(self) -> dict[Key, EdgeSum]:
        """Sum the contexts by thread, caller and callee."""
        return self._sums.of(self)

    def gaps(self) -> GapSums:
        """Sum the time that is in no context below the others; of all threads, always."""
        whole = self._whole or self
        return self._gaps.of(whole)

    def folds(self) -> Iterator[Context]:
        """Find the rows that stand for calls in no full stack."""
        return chain.from_iterable(page.folds for page in self._pages.values())

    def of_thread(self, thread: int) -> ContextRows:
        """Leave out the contexts of other threads."""
        pages = {number: page.of_thread(thread) for number, page in self._pages.items()}
        return ContextRows(
            {number: page for number, page in pages.items() if page is not None},
            self._index,
            gaps=self._gaps,
            whole=self._whole or self,
        )

    def changed(self, before: Mapping[int, Context]) -> Iterable[int]:
        """Find the ids of rows that are not as they were; unchanged pages are not looked at."""
        if isinstance(before, ContextRows):
            return self._changed(before)
        return super().changed(before)

    def _changed(self, before: ContextRows) -> Iterator[int]:
        for number, page in self._pages.items():
            earlier = before.pages.get(number)
            if earlier is None:
                yield from page.ids
            elif earlier is not page:
                yield from page.changed(earlier)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(page.ids for page in self._in_order())

    def __getitem__(self, key: int) -> Context:
        row: Context | None = self.get(key)
        if row is None:
            raise KeyError(key)
        return row

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and self.get(key) is not None

    def get(self, key: int, default: Any = None) -> Any:
        """Find a row; ``default`` if there is none."""
        page = self._pages.get(key >> PAGE_BITS)
        begin = -1 if page is None else page.find(key)
        return default if page is None or begin < 0 else page.row(begin)

    def keys(self) -> KeysView[int]:
        """List the ids."""
        return KeysView(self)

    def values(self) -> ValuesView[Context]:
        """List the rows."""
        return _Rows(self)

    def items(self) -> ItemsView[int, Context]:
        """List the rows with their ids."""
        return _Items(self)

    def iterate(self) -> Iterator[Context]:
        """Make one row after another, in the order of their ids."""
        return chain.from_iterable(page.rows() for page in self._in_order())

    def _in_order(self) -> Iterator[Page]:
        return map(self._pages.__getitem__, sorted(self._pages))


class _Rows(ValuesView[Context]):
    """Makes one row after another."""

    _mapping: ContextRows

    def __iter__(self) -> Iterator[Context]:
        return self._mapping.iterate()


class _Items(ItemsView[int, Context]):
    """Makes one row after another."""

    _mapping: ContextRows

    def __iter__(self) -> Iterator[tuple[int, Context]]:
        return ((row.id, row) for row in self._mapping.iterate())


def _find(numbers: array[int], number: int) -> int:
    """Find where the row of an id begins: most pages lack none between the first and the last."""
    at = (number - numbers[_ID]) * _WIDTH
    if 0 <= at < len(numbers) and numbers[at] == number:
        return at
    at = bisect_left(memoryview(numbers)[_ID::_WIDTH], number) * _WIDTH
    return at if at < len(numbers) and numbers[at] == number else -1


def _numbers_of(block: Block) -> array[int]:
    """Lay out the columns of a block row by row."""
    numbers = array("q", bytes(8 * _WIDTH * block.row_count))
    for at, column in enumerate(columns_of(block, _NAMES)):
        numbers[at::_WIDTH] = column if isinstance(column, array) else array("q", column)
    return numbers


def _in_order(numbers: array[int]) -> array[int]:
    """Order rows by id; of several with one id the last one stays."""
    ids = numbers[_ID::_WIDTH]
    if all(map(lt, ids, ids[1:])):
        return numbers
    places = {number: at * _WIDTH for at, number in enumerate(ids)}
    ordered = array("q")
    for number in sorted(places):
        ordered.extend(numbers[places[number] : places[number] + _WIDTH])
    return ordered
