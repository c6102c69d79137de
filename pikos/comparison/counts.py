"""What a function cost, in numbers that can be added and subtracted."""

from __future__ import annotations

from operator import add, sub
from typing import NamedTuple


class Counts(NamedTuple):
    """What a function cost; times are those of open calls too."""

    calls: int = 0
    """Calls and resumes that have returned."""
    primitive_calls: int = 0
    """Those that did not find the function open already."""
    self_ns: int = 0
    """Time in the function itself, ns."""
    cumulative_ns: int = 0
    """Time in it and in what it called, ns."""
    open_calls: int = 0
    """Calls that have not returned."""

    def plus(self, other: Counts) -> Counts:
        """Add other counts to these."""
        return Counts(*map(add, self, other))

    def minus(self, other: Counts) -> Counts:
        """Take other counts from these."""
        return Counts(*map(sub, self, other))
