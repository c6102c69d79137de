"""A profile as it is compared, wherever it comes from: functions with their exact counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pikos.comparison.counts import Counts
from pikos.comparison.names import BUILTIN_FILE, plain_builtin, without_addresses
from pikos.comparison.pstats_rows import read_pstats
from pikos.export.labels import NAME_MAX, label_of, title_of
from pikos.live.text import safe
from pikos.model.rows import Stat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.model import Snapshot

WALL_CLOCKS = ("tsc", "monotonic")
"""Clocks that tell the same time."""


class Name(NamedTuple):
    """What a function is known by: printable text, without addresses."""

    file: str
    """Its file; ``~`` for a built-in."""
    line: int
    """Its first line; 0 for a built-in."""
    name: str
    """Its bare name."""
    qualified_name: str
    """Its name with where it is defined; empty if only the bare one is known."""

    def __str__(self) -> str:
        name = self.qualified_name or self.name
        return f"{name} ({self.file}:{self.line})" if self.line else name


@dataclass(frozen=True, slots=True)
class Compared:
    """A profile that can be compared with another."""

    title: str
    """What it is of: printable text."""
    functions: Mapping[Name, Counts]
    """The functions."""
    clock: str | None = None
    """What its times are of: ``wall``, ``cpu``, …; None if that is not known."""
    threads: bool | None = None
    """Whether it is of all threads; None if that is not known."""
    builtins: bool | None = None
    """Whether built-in functions are counted; None if that is not known."""
    complete: bool = True
    """Whether nothing of it was lost on the way."""
    open_calls: int = 0
    """How many calls had not returned; their time so far is counted."""
    snapshot: Snapshot | None = None
    """The session's state, with its tree; None if only functions are known."""


def profile_of_snapshot(snapshot: Snapshot) -> Compared:
    """Take the functions of a session.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    Compared
        Its functions; those of one name are added up.

    """
    sums: dict[Name, Counts] = defaultdict(Counts)
    none = Stat(0, 0, 0, 0, 0, 0)
    for number in snapshot.functions.keys() | snapshot.stats.keys():
        stat = snapshot.stats.get(number, none)
        name = name_of(snapshot, number)
        sums[name] = sums[name].plus(
            Counts(
                stat.callcount,
                stat.primitive_calls,
                stat.inline_ns,
                stat.cumulative_ns,
                stat.open,
            )
        )
    clock = snapshot.facts.get("clock")
    return Compared(
        title=title_of(snapshot),
        functions=dict(sums),
        clock="wall" if clock in WALL_CLOCKS else clock,
        threads=snapshot.facts.get("threads"),
        builtins=snapshot.facts.get("builtins"),
        complete=snapshot.complete,
        open_calls=snapshot.open_count,
        snapshot=snapshot,
    )


def profile_of_pstats(content: bytes) -> Compared:
    """Read a file for pstats.

    Parameters
    ----------
    content
        The file, or bytes from a stranger.

    Returns
    -------
    Compared
        Its functions; times are rounded to ns.

    Raises
    ------
    ValueError
        If it is no such file; the message says what is wrong.

    """
    sums: dict[Name, Counts] = defaultdict(Counts)
    for (file, line, name), (counts, _) in read_pstats(content).items():
        label = _name(safe(file, NAME_MAX), line, safe(name, NAME_MAX), "")
        sums[label] = sums[label].plus(counts)
    return Compared(title="a file for pstats", functions=dict(sums))


def name_of(snapshot: Snapshot, number: int) -> Name:
    """Tell what a function is known by.

    Parameters
    ----------
    snapshot
        The session.
    number
        Id of the function.

    Returns
    -------
    Name
        Its name.

    """
    label = label_of(snapshot, number)
    function = snapshot.functions.get(number)
    name = label.name if function is None else safe(function.name, NAME_MAX)
    return _name(label.file, label.line, name, label.name)


def _name(file: str, line: int, name: str, qualified_name: str) -> Name:
    file, name, qualified_name = map(without_addresses, (file, name, qualified_name))
    if file == BUILTIN_FILE:
        name, qualified_name = plain_builtin(name), plain_builtin(qualified_name)
    return Name(file, line, name, qualified_name)
