"""What a line monitor's records say of each line of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pikos.model import Records, Snapshot


class LineCost(NamedTuple):
    """What the newest records say of one line.

    A record is made before its line runs: what came until the next one of the same thread, is the
    line's, with all that it called and that was not recorded itself.
    """

    records: int
    """How often it was about to run."""
    rss_bytes: int | None
    """Resident set before it ran last; None if not recorded."""
    grown_bytes: int | None
    """How much the resident set has grown in it, all times together; None if not recorded."""
    time_ns: int | None
    """Time in it, all times together; None if not recorded."""


NO_COST = LineCost(0, None, None, None)
"""What is known of a line that was not recorded."""


def line_costs(snapshots: Iterable[Snapshot], file: str) -> dict[int, LineCost]:
    """Add up the records of each line of a file.

    Parameters
    ----------
    snapshots
        The sessions whose records count.
    file
        The file, as the records name it.

    Returns
    -------
    dict
        The lines that were recorded, by their number.

    """
    costs: dict[int, LineCost] = {}
    for snapshot in snapshots:
        for told in snapshot.records.values():
            if {"lineNo", "line", "filename"}.issubset(told.fields):
                _add(costs, told, file)
    return costs


def _add(costs: dict[int, LineCost], told: Records, file: str) -> None:
    at = {field: place for place, field in enumerate(told.fields)}
    number_at, file_at, thread_at = at["lineNo"], at["filename"], at.get("thread_id")
    before: dict[Any, Sequence[Any]] = {}
    for row in told.rows:
        thread = None if thread_at is None else row[thread_at]
        earlier = before.get(thread)
        if earlier is not None and earlier[file_at] == file:
            number = earlier[number_at]
            cost = costs[number]
            costs[number] = cost._replace(
                grown_bytes=_plus(cost.grown_bytes, _grown(earlier, row, at)),
                time_ns=_plus(cost.time_ns, _time(row, at)),
            )
        before[thread] = row
        if row[file_at] == file:
            cost = costs.get(row[number_at], NO_COST)
            costs[row[number_at]] = cost._replace(
                records=cost.records + 1, rss_bytes=_whole(row, at.get("RSS"))
            )


def _plus(sum_so_far: int | None, more: int | None) -> int | None:
    return sum_so_far if more is None else (sum_so_far or 0) + more


def _whole(row: Sequence[Any], place: int | None) -> int | None:
    """Take a whole number; a stranger says what the fields hold."""
    value = None if place is None else row[place]
    return value if isinstance(value, int) else None


def _grown(earlier: Sequence[Any], row: Sequence[Any], at: dict[str, int]) -> int | None:
    then, now = _whole(earlier, at.get("RSS")), _whole(row, at.get("RSS"))
    return None if then is None or now is None else now - then


def _time(row: Sequence[Any], at: dict[str, int]) -> int | None:
    """Tell the program's own time since the event before in the same thread."""
    now, left_at = _whole(row, at.get("time_ns")), _whole(row, at.get("last_exit_ns"))
    return None if now is None or left_at is None else now - left_at
