"""The exact differences of two profiles, function by function."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pikos.comparison.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pikos.comparison.profile import Compared, Name


class Row(NamedTuple):
    """One function in both profiles, or in one of them."""

    a: Name | None
    """What it is known by in the first; None if it is not in it."""
    b: Name | None
    """What it is known by in the second; None if it is not in it."""
    before: Counts
    """What it cost in the first."""
    after: Counts
    """What it cost in the second."""

    @property
    def difference(self) -> Counts:
        """What it cost more in the second."""
        return self.after.minus(self.before)

    @property
    def name(self) -> str:
        """Its name and place: in the second, if that has it."""
        return str(self.b or self.a)

    @property
    def state(self) -> str:
        """``added`` or ``removed`` for a function of one profile only; else empty."""
        if self.a is None:
            return "added"
        return "removed" if self.b is None else ""


def differences(a: Compared, b: Compared) -> list[Row]:
    """Compare two profiles.

    A function is the same in both if it is of the same file and name; where several of a file
    have one name, if its first line is the same, too.

    Parameters
    ----------
    a, b
        The profiles.

    Returns
    -------
    list of Row
        A row for each function of either, in no particular order.

    """
    bare = any(not name.qualified_name for side in (a, b) for name in side.functions)
    left, right = _grouped(a.functions, bare=bare), _grouped(b.functions, bare=bare)
    rows = []
    for key in left.keys() | right.keys():
        before, after = left.get(key, {}), right.get(key, {})
        for line_a, line_b in _pairs(before, after):
            name_a, counts_a = before.get(line_a, _NOTHING)
            name_b, counts_b = after.get(line_b, _NOTHING)
            rows.append(Row(name_a, name_b, counts_a, counts_b))
    return rows


_Group = dict[int, "tuple[Name | None, Counts]"]
_NOTHING = (None, Counts())


def _grouped(functions: Mapping[Name, Counts], *, bare: bool) -> Mapping[tuple[str, str], _Group]:
    """Group functions by file and name, each by its line."""
    groups: dict[tuple[str, str], _Group] = defaultdict(dict)
    for name, counts in functions.items():
        group = groups[name.file, name.name if bare else name.qualified_name]
        _, known = group.get(name.line, _NOTHING)
        group[name.line] = name, known.plus(counts)
    return groups


def _pairs(before: _Group, after: _Group) -> Iterator[tuple[int, int]]:
    """Match lines; a function that is the only one of its name may have moved."""
    if len(before) == len(after) == 1:
        yield next(iter(before)), next(iter(after))
    else:
        yield from ((line, line) for line in before.keys() | after.keys())
