"""What came between two moments of one session: exact differences of all that is counted."""

from __future__ import annotations

from dataclasses import replace
from operator import sub
from typing import TYPE_CHECKING, Any, TypeVar

from pikos.model.rows import Stat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.model.snapshot import Snapshot

Row = TypeVar("Row", bound="tuple[Any, ...]")


def difference(snapshot: Snapshot, since: Snapshot) -> Snapshot:
    """Take away what was counted before.

    Calls that were open before and still are keep their ages in the result; the cumulative times
    lack what had passed of them then, so that both added up are the time since.

    Parameters
    ----------
    snapshot
        The later moment.
    since
        The earlier one; if it is of another session, or the statistics have been cleared since,
        nothing is taken away.

    Returns
    -------
    Snapshot
        The later moment, with differences in place of counts.

    """
    if (snapshot.stream, snapshot.epoch) != (since.stream, since.epoch):
        return snapshot
    ages = since.open_ages_ns()
    stats = _changed(snapshot.stats, since.stats, 1)
    for number, age_ns in ages.items():
        stat = stats.get(number, Stat(number, 0, 0, 0, 0, 0))
        stats[number] = stat._replace(cumulative_ns=stat.cumulative_ns - age_ns)
    contexts = dict(snapshot.contexts)
    for number, earlier in since.contexts.items():
        if number in contexts:  # one that did not change is still on the way to others
            contexts[number] = _minus(contexts[number], earlier, 6)
    for call in since.open_calls:
        context = contexts.get(call.context)
        if context is not None:
            contexts[call.context] = context._replace(
                cumulative_ns=context.cumulative_ns - call.age_ns
            )
    return replace(
        snapshot, stats=stats, edges=_changed(snapshot.edges, since.edges, 2), contexts=contexts
    )


def _changed(now: Mapping[Any, Row], before: Mapping[Any, Row], names: int) -> dict[Any, Row]:
    """Subtract rows from those with the same key, and leave out what has not changed."""
    rows = {}
    for key, row in now.items():
        earlier = before.get(key)
        if earlier is None:
            rows[key] = row
        elif earlier is not row and earlier != row:
            rows[key] = _minus(row, earlier, names)
    return rows


def _minus(row: Row, earlier: Row, names: int) -> Row:
    """Subtract a row from another; the first columns only name what is counted."""
    counted = map(sub, row[names:], earlier[names:])
    return tuple.__new__(type(row), (*row[:names], *counted))
