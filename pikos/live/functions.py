"""The rows of the function table: derived from snapshots, filtered, sorted."""

from __future__ import annotations

import fnmatch
import heapq
import re
from itertools import compress, starmap
from operator import itemgetter, neg, or_
from typing import TYPE_CHECKING, Any, NamedTuple

from pikos.model.rows import BUILTIN, Stat
from pikos.model.unstacked import UNSTACKED, UNSTACKED_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pikos.model import Function, Snapshot

    Measure = Callable[[int, Stat], Any]

NO_STAT = Stat(0, 0, 0, 0, 0, 0)
"""What a function cost that was never called."""

_CALLCOUNT, _OPEN = itemgetter(1), itemgetter(-1)  # of a Stat, where there are many

REGULAR_EXPRESSION = "re:"
"""Begins a filter that is a regular expression."""


class FunctionRow(NamedTuple):
    """One function, as the table shows it.

    Fields:  times are those of open calls too, unless said otherwise
    """

    function: int
    """Its id."""
    calls: int
    """Calls and resumes that have returned."""
    primitive: int
    """Those that did not find the function open already."""
    self: int
    """Time in the function itself, ns."""
    cumulative: int
    """Time in it and in what it called, ns."""
    per_call: float
    """Cumulative time of a primitive call that has returned, ns."""
    rate: float
    """Calls per second lately; -1 if not known."""
    open: int
    """Calls that have not returned."""
    name: str
    """Qualified name and place: data from a stranger."""


class Column(NamedTuple):
    """One column of the function table."""

    name: str
    """Which field of ``FunctionRow``."""
    title: str
    """What stands above it."""
    width: int
    """Columns of the terminal that it takes; 0 for the rest of the line."""
    meaning: str
    """One line of help."""


COLUMNS = (
    Column("calls", "calls", 11, "calls that have returned, resumes of generators included"),
    Column("primitive", "primitive", 11, "those of them that were not recursive"),
    Column("self", "self", 9, "time in the function itself, open calls included"),
    Column("cumulative", "cumulative", 10, "time in it and all it called, open calls included"),
    Column("per_call", "per call", 9, "cumulative time of one primitive call that has returned"),
    Column("rate", "calls/s", 11, "calls per second, over the last second or two"),
    Column("open", "open", 5, "calls that have not returned yet"),
    Column("name", "function", 0, "qualified name, file and first line"),
)
"""The columns of the function table, in order; the n-th is sorted by with key n."""


def label(function: Function | None, number: int) -> str:
    """Name a function for people.

    Parameters
    ----------
    function
        The function, or None if only its id is known.
    number
        Its id.

    Returns
    -------
    str
        Qualified name and place: data from a stranger.

    """
    if number == UNSTACKED:
        return UNSTACKED_NAME
    if function is None:
        return f"function {number}"
    name = function.qualified_name or function.name
    if function.kind == BUILTIN:
        return name
    file = function.file.replace("\\", "/").rpartition("/")[2]
    return f"{name} ({file}:{function.line})"


def matcher(pattern: str) -> Callable[[str], bool]:
    """Understand a filter.

    Parameters
    ----------
    pattern
        ``re:`` and a regular expression, a glob, or a part of the name; empty for everything.

    Returns
    -------
    Callable
        Whether a text fits; case does not matter but to regular expressions.

    Raises
    ------
    ValueError
        If the regular expression is none.

    """
    if pattern.startswith(REGULAR_EXPRESSION):
        try:
            search = re.compile(pattern.removeprefix(REGULAR_EXPRESSION)).search
        except re.error as error:
            raise ValueError(str(error)) from error
        return lambda text: search(text) is not None
    glob = pattern if re.search(r"[*?[]", pattern) else f"*{pattern}*"
    match = re.compile(fnmatch.translate(glob), re.IGNORECASE).match
    return lambda text: match(text) is not None


def searched_text(function: Function | None, number: int) -> str:
    """Make the text of a function that a filter is tried on.

    Parameters
    ----------
    function
        The function, or None if only its id is known.
    number
        Its id.

    Returns
    -------
    str
        Name, file and line: data from a stranger.

    """
    if function is None:
        return label(None, number)
    return f"{function.qualified_name or function.name} {function.file}:{function.line}"


class Functions(NamedTuple):
    """What the function table is made from."""

    snapshot: Snapshot
    """The state to show."""
    baseline: Snapshot | None
    """An earlier state of the same session, for rates."""

    def top(
        self, count: int, *, sort: str = "self", descending: bool = True, pattern: str = ""
    ) -> tuple[list[FunctionRow], int]:
        """Find the rows that come first.

        Parameters
        ----------
        count
            How many.
        sort
            The field of ``FunctionRow`` to sort by.
        descending
            Whether the greatest comes first.
        pattern
            A filter for the names.

        Returns
        -------
        tuple
            The rows, and how many there would be.

        Raises
        ------
        ValueError
            If the filter makes no sense.

        """
        measures = self._measures()
        stats = self.snapshot.stats
        counts = map(or_, map(_CALLCOUNT, stats.values()), map(_OPEN, stats.values()))
        called: Mapping[int, Stat] = dict(compress(stats.items(), counts))
        if pattern:
            fits = matcher(pattern)
            functions = self.snapshot.functions
            called = {
                n: stat for n, stat in called.items() if fits(searched_text(functions.get(n), n))
            }
        values = starmap(measures[sort], called.items())
        # Equal rows keep their order from one drawing to the next.
        if descending:
            ranked = heapq.nlargest(count, zip(values, map(neg, called), strict=True))
            first = [-number for _, number in ranked]
        else:
            first = [n for _, n in heapq.nsmallest(count, zip(values, called, strict=True))]
        return [self._row(number, measures) for number in first], len(called)

    def row(self, number: int) -> FunctionRow:
        """Make the row of one function.

        Parameters
        ----------
        number
            Its id.

        Returns
        -------
        FunctionRow
            What it cost.

        """
        return self._row(number, self._measures())

    def _row(self, number: int, measures: Mapping[str, Measure]) -> FunctionRow:
        stat = self.snapshot.stats.get(number, NO_STAT)
        return FunctionRow(number, *(measures[column.name](number, stat) for column in COLUMNS))

    def _measures(self) -> Mapping[str, Measure]:
        """Tell how to find each field of a row."""
        snapshot, seconds = self.snapshot, self._seconds()
        returned = snapshot.counted.stats
        before = {} if self.baseline is None else self.baseline.stats

        def per_call(number: int, _: Stat) -> float:
            stat = returned.get(number, NO_STAT)
            primitive = stat.primitive_calls
            return stat.cumulative_ns / primitive if primitive > 0 else 0.0

        def rate(number: int, stat: Stat) -> float:
            if not seconds:
                return -1.0
            return (stat.callcount - before.get(number, NO_STAT).callcount) / seconds

        return {
            "calls": lambda _, stat: stat.callcount,
            "primitive": lambda _, stat: stat.primitive_calls,
            "self": lambda _, stat: stat.inline_ns,
            "cumulative": lambda _, stat: stat.cumulative_ns,
            "per_call": per_call,
            "rate": rate,
            "open": lambda _, stat: stat.open,
            "name": lambda number, _: label(snapshot.functions.get(number), number),
        }

    def calls(self) -> int:
        """Count all calls that have returned."""
        return sum(map(_CALLCOUNT, self.snapshot.stats.values()))

    def call_rate(self) -> float:
        """Tell how many calls returned per second lately; -1 if not known."""
        seconds = self._seconds()
        if self.baseline is None or not seconds:
            return -1.0
        before = Functions(self.baseline, None).calls()
        return (self.calls() - before) / seconds

    def _seconds(self) -> float:
        if self.baseline is None:
            return 0.0
        return max(0.0, (self.snapshot.time_ns - self.baseline.time_ns) / 1e9)


class Baseline:
    """Remembers an earlier snapshot, one or two seconds old, for rates.

    Parameters
    ----------
    span_s
        The least age of the snapshot that is given back, once there is one.

    """

    def __init__(self, span_s: float = 1.0) -> None:
        self._span_ns = span_s * 1e9
        self._older: Snapshot | None = None
        self._newer: Snapshot | None = None

    def note(self, snapshot: Snapshot) -> Snapshot | None:
        """Take note of the newest snapshot.

        Parameters
        ----------
        snapshot
            The newest snapshot.

        Returns
        -------
        Snapshot or None
            An earlier one of the same session and epoch.

        """
        newer = self._newer
        if newer is None or (newer.stream, newer.epoch) != (snapshot.stream, snapshot.epoch):
            self._older, self._newer = None, snapshot
        elif snapshot.time_ns - newer.time_ns >= self._span_ns:
            self._older, self._newer = newer, snapshot
        return self._older or (self._newer if self._newer is not snapshot else None)
