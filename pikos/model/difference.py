"""What came between two moments of one session: exact differences of all that is counted."""

from __future__ import annotations

from dataclasses import replace
from operator import sub
from typing import TYPE_CHECKING, Any

from pikos.model.lazy import ComputedRows, changed_keys
from pikos.model.rows import rounded
from pikos.model.snapshot import Counters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pikos.model.rows import Context, Counted
    from pikos.model.snapshot import Snapshot

_STAT_NAMES, _EDGE_NAMES, _CONTEXT_NAMES = 1, 2, 6
"""How many of the first columns only name what is counted."""


def difference(snapshot: Snapshot, since: Snapshot) -> Snapshot:
    """Take away what was counted before; rows are made when they are read.

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
        The later moment, with differences in place of counts; how many calls are open is told of
        the later moment.  Functions and edges of which nothing came are left out, unless they have
        open calls; so are contexts below which nothing came.

    """
    if (snapshot.stream, snapshot.epoch) != (since.stream, since.epoch):
        return snapshot
    both = _between(
        Counters(snapshot.stats, snapshot.edges, snapshot.contexts),
        Counters(since.stats, since.edges, since.contexts),
        rounded,
    )
    returned = _between(snapshot.counted, since.counted, _as_it_is)
    return replace(
        snapshot, stats=both.stats, edges=both.edges, contexts=both.contexts, counters=returned
    )


def _as_it_is(row: Counted) -> Counted:
    """What has returned of a recursion may have more self time than cumulative time."""
    return row


def _between(now: Counters, before: Counters, finish: Callable[[Any], Any]) -> Counters:
    def later(subtract: Callable[..., dict[Any, Any]], *arguments: Any) -> ComputedRows:
        return ComputedRows(lambda: {key: finish(row) for key, row in subtract(*arguments).items()})

    return Counters(
        stats=later(_changed, now.stats, before.stats, _STAT_NAMES),
        edges=later(_changed, now.edges, before.edges, _EDGE_NAMES),
        contexts=later(_contexts, now.contexts, before.contexts),
    )


def _changed(
    now: Mapping[Any, Counted], before: Mapping[Any, Counted], names: int
) -> dict[Any, Counted]:
    """Subtract rows from those with the same key; without open calls only those that changed."""
    rows = {}
    for key in changed_keys(now, before):
        row, earlier = now.get(key), before.get(key)
        if row is None:  # of which less is known than before
            continue
        if earlier is None:
            rows[key] = row
        elif row[-1] or earlier != row:
            rows[key] = _minus(row, earlier, names)
    return rows


def _contexts(now: Mapping[int, Context], before: Mapping[int, Context]) -> dict[int, Context]:
    """Subtract contexts; one that did not change stays where it leads to one that did."""
    rows: dict[int, Context] = {}
    gone: list[Context] = []
    added = 0
    for key in changed_keys(now, before):
        row, earlier = now.get(key), before.get(key)
        if row is None:
            continue
        if earlier is None:
            rows[key] = row
            added += 1
        elif row.open or earlier != row:
            if earlier[:_CONTEXT_NAMES] == row[:_CONTEXT_NAMES]:
                rows[key] = _minus(row, earlier, _CONTEXT_NAMES)
            else:  # the id of one that is gone
                rows[key] = row
                gone.append(earlier)
    if len(before) + added > len(now):
        gone += [
            row for key in changed_keys(before, now) if key not in now for row in [before[key]]
        ]
    if gone:
        _subtract_merged(rows, gone)
    for row in tuple(rows.values()):
        caller = now.get(row.parent)
        while caller is not None and caller.id not in rows:
            rows[caller.id] = _minus(caller, caller, _CONTEXT_NAMES)
            caller = now.get(caller.parent)
    return rows


def _subtract_merged(rows: dict[int, Context], gone: Iterable[Context]) -> None:
    """Subtract contexts that are gone from the folds of their edges, where they are counted now."""
    folds = {(row.thread, row.caller, row.function): row for row in rows.values() if row.folded}
    for earlier in gone:
        fold = folds.get((earlier.thread, earlier.caller, earlier.function))
        if fold is not None:
            # The time of a recursive call is in no fold, so this may be too much.
            less = [max(0, count) for count in map(sub, fold[6:-1], earlier[6:-1])]
            fold = tuple.__new__(type(fold), (*fold[:6], *less, fold.open))
            rows[fold.id] = folds[fold.thread, fold.caller, fold.function] = fold


def _minus(row: Counted, earlier: Counted, names: int) -> Counted:
    """Subtract a row from another, but for the names of what is counted, and ``open``.

    A publisher rounds each row to ns, so a sum of rows may be some ns less than it was.
    """
    more: list[int] = [max(0, count) for count in map(sub, row[names:-1], earlier[names:-1])]
    return tuple.__new__(type(row), (*row[:names], *more, row[-1]))
