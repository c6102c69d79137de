"""The base class of filters, and what ``&``, ``|`` and ``~`` make of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

Predicate = Callable[[Any], object]
"""Anything that takes a record and answers: recorded if the answer is true."""


class Filter(ABC):
    """A filter that can be combined with ``&``, ``|`` and ``~``, also with any other callable.

    As with ``and`` and ``or``, the second filter is asked only when the first has not decided:
    a filter that remembers what it has seen, such as `OnChange`, sees no more than that.
    """

    @abstractmethod
    def __call__(self, record: Any) -> bool:
        """Tell whether a record is recorded."""

    def __and__(self, other: Predicate) -> Filter:
        return Both(self, other) if callable(other) else NotImplemented

    def __rand__(self, other: Predicate) -> Filter:
        return Both(other, self) if callable(other) else NotImplemented

    def __or__(self, other: Predicate) -> Filter:
        return Either(self, other) if callable(other) else NotImplemented

    def __ror__(self, other: Predicate) -> Filter:
        return Either(other, self) if callable(other) else NotImplemented

    def __invert__(self) -> Filter:
        return Inverse(self)


class Pair(Filter):
    """Two filters that answer together.

    Parameters
    ----------
    first, second
        Filters, or any callables.

    """

    sign: ClassVar[str]
    """What is between the two where they are shown."""

    def __init__(self, first: Predicate, second: Predicate) -> None:
        self.first = first
        self.second = second

    def __repr__(self) -> str:
        return f"({self.first!r} {self.sign} {self.second!r})"


class Both(Pair):
    """Accept what two filters accept: ``first & second``."""

    sign = "&"

    def __call__(self, record: Any) -> bool:
        """Tell whether both accept the record; the second is not asked if the first refuses."""
        return bool(self.first(record) and self.second(record))


class Either(Pair):
    """Accept what one of two filters accepts: ``first | second``."""

    sign = "|"

    def __call__(self, record: Any) -> bool:
        """Tell whether one accepts the record; the second is not asked if the first does."""
        return bool(self.first(record) or self.second(record))


class Inverse(Filter):
    """Accept what a filter refuses: ``~refused``.

    Parameters
    ----------
    refused
        A filter, or any callable.

    """

    def __init__(self, refused: Predicate) -> None:
        self.refused = refused

    def __call__(self, record: Any) -> bool:
        """Tell whether the filter refuses the record."""
        return not self.refused(record)

    def __repr__(self) -> str:
        return f"~{self.refused!r}"
