"""Mappings of rows that are made when somebody reads them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import ItemsView, Mapping, ValuesView
from itertools import chain, compress
from operator import is_not
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, KeysView


class LazyRows(Mapping[Any, Any]):
    """Rows by key, all of which are made at the first look at one."""

    __slots__ = ()

    @property
    @abstractmethod
    def rows(self) -> dict[Any, Any]:
        """All rows, made; not to be changed."""

    def changed(self, before: Mapping[Any, Any]) -> Iterable[Any]:
        """Find the keys of rows that are not as they were, and maybe of some that are."""
        return _others(self.rows, before)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __getitem__(self, key: Any) -> Any:
        return self.rows[key]

    def __contains__(self, key: object) -> bool:
        return key in self.rows

    def get(self, key: Any, default: Any = None) -> Any:
        """Find a row; ``default`` if there is none."""
        return self.rows.get(key, default)

    def keys(self) -> KeysView[Any]:
        """List the keys."""
        return self.rows.keys()

    def values(self) -> ValuesView[Any]:
        """List the rows."""
        return self.rows.values()

    def items(self) -> ItemsView[Any, Any]:
        """List the rows with their keys."""
        return self.rows.items()


class ComputedRows(LazyRows):
    """Rows by key that a function computes.

    Parameters
    ----------
    compute
        Computes them; called at the first look.

    Threads: any; two that look at once compute the same rows
    """

    __slots__ = ("_compute", "_rows")

    def __init__(self, compute: Callable[[], dict[Any, Any]]) -> None:
        self._compute: Callable[[], dict[Any, Any]] | None = compute
        self._rows: dict[Any, Any] = {}

    @property
    def rows(self) -> dict[Any, Any]:
        """All rows, computed; not to be changed."""
        compute = self._compute  # before the rows, which are written first
        if compute is not None:
            self._rows = compute()
            self._compute = None  # what they were computed of is not needed any more
        return self._rows


class Overlay(Mapping[Any, Any]):
    """Rows by key, with a few others in place of some or beside them; nothing is copied.

    Parameters
    ----------
    below
        The rows.
    above
        The few others.

    Threads: any
    """

    __slots__ = ("_above", "_below")

    def __init__(self, below: Mapping[Any, Any], above: LazyRows) -> None:
        self._below = below
        self._above = above

    @property
    def parts(self) -> tuple[Mapping[Any, Any], LazyRows]:
        """The rows, and the few others."""
        return self._below, self._above

    def _added(self) -> list[Any]:
        below = self._below
        return [key for key in self._above if key not in below]

    def __len__(self) -> int:
        return len(self._below) + len(self._added())

    def __iter__(self) -> Iterator[Any]:
        return chain(self._below, self._added())

    def __getitem__(self, key: Any) -> Any:
        found = self._above.get(key)
        return self._below[key] if found is None else found

    def __contains__(self, key: object) -> bool:
        return key in self._above or key in self._below

    def get(self, key: Any, default: Any = None) -> Any:
        """Find a row; ``default`` if there is none."""
        found = self._above.get(key)
        return self._below.get(key, default) if found is None else found

    def values(self) -> ValuesView[Any]:
        """List the rows."""
        return _OverlayValues(self)

    def items(self) -> ItemsView[Any, Any]:
        """List the rows with their keys."""
        return _OverlayItems(self)

    def iterate(self) -> Iterator[Any]:
        """Go through the rows, in the order of their keys."""
        above, below = self._above.rows, self._below
        return chain(map(above.get, below, below.values()), map(above.__getitem__, self._added()))


class _OverlayValues(ValuesView[Any]):
    """Goes through the rows without looking each one up."""

    _mapping: Overlay

    def __iter__(self) -> Iterator[Any]:
        return self._mapping.iterate()


class _OverlayItems(ItemsView[Any, Any]):
    """Goes through the rows without looking each one up."""

    _mapping: Overlay

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return zip(self._mapping, self._mapping.iterate(), strict=True)


def changed_keys(now: Mapping[Any, Any], before: Mapping[Any, Any]) -> list[Any]:
    """Find the keys of rows that are not the same objects: all that may have changed, and few more.

    Nothing is done for each of the other rows but a look-up.

    Parameters
    ----------
    now
        Rows.
    before
        Rows of an earlier moment.

    Returns
    -------
    list
        The keys; some may be of earlier rows alone.

    """
    now, touched_now = _apart(now)
    before, touched_before = _apart(before)
    changed = now.changed(before) if isinstance(now, LazyRows) else _others(now, before)
    return list(dict.fromkeys(chain(changed, touched_before, touched_now)))


def _apart(rows: Mapping[Any, Any]) -> tuple[Mapping[Any, Any], Iterable[Any]]:
    """Give the rows that are not above others, and the keys of those that are."""
    return rows.parts if isinstance(rows, Overlay) else (rows, ())


def _others(now: Mapping[Any, Any], before: Mapping[Any, Any]) -> Iterable[Any]:
    """Find the keys of rows that are not the same objects."""
    earlier = before.rows if isinstance(before, LazyRows) else before
    return compress(now, map(is_not, now.values(), map(earlier.get, now)))
