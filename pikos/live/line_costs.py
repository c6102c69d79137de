"""What a line monitor's records say of each line of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pikos.model import Records, Snapshot


LINES_MAX = 1_000_000
"""Lines that a file may have; greater numbers in records are not believed."""


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


class SourceLine(NamedTuple):
    """A line of a source file."""

    file: str
    """The file, as the records name it."""
    number: int
    """From 1."""


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
    return {line.number: cost for line, cost in _costs(snapshots).items() if line.file == file}


def busiest_line(snapshots: Iterable[Snapshot]) -> SourceLine | None:
    """Return the recorded line that matters most; None if no line was recorded.

    That is the one in which memory grew most; if none grew, the one that took most time; if time
    was not recorded, the one that ran most often.
    """
    costs = {
        line: cost
        for line, cost in _costs(snapshots).items()
        if isinstance(line.file, str) and _is_number_of_line(line.number)
    }
    return max(costs, key=lambda line: _rank(costs[line]), default=None)


def has_lines(snapshot: Snapshot) -> bool:
    """Return whether a line monitor publishes in a session."""
    return any(True for _ in _of_lines([snapshot]))


def recorded_text(snapshots: Iterable[Snapshot], file: str) -> tuple[str, ...]:
    """Return the lines of a file as far as records have their text; others are empty.

    That is for a file that cannot be read.
    """
    texts: dict[int, str] = {}
    for told in _of_lines(snapshots):
        at = [told.fields.index(field) for field in ("filename", "lineNo", "line")]
        for row in told.rows:
            name, number, text = (row[place] for place in at)
            if name == file and _is_number_of_line(number):
                texts[number] = str(text)
    return tuple(texts.get(number, "") for number in range(1, max(texts, default=0) + 1))


def _is_number_of_line(number: object) -> bool:
    return isinstance(number, int) and 0 < number <= LINES_MAX


def _rank(cost: LineCost) -> tuple[int, int, int]:
    return max(0, cost.grown_bytes or 0), cost.time_ns or 0, cost.records


def _costs(snapshots: Iterable[Snapshot]) -> dict[SourceLine, LineCost]:
    costs: dict[SourceLine, LineCost] = {}
    for told in _of_lines(snapshots):
        _add(costs, told)
    return costs


def _of_lines(snapshots: Iterable[Snapshot]) -> Iterator[Records]:
    for snapshot in snapshots:
        for told in snapshot.records.values():
            if {"lineNo", "line", "filename"}.issubset(told.fields):
                yield told


def _add(costs: dict[SourceLine, LineCost], told: Records) -> None:
    at = {field: place for place, field in enumerate(told.fields)}
    number_at, file_at, thread_at = at["lineNo"], at["filename"], at.get("thread_id")
    before: dict[Any, Sequence[Any]] = {}
    for row in told.rows:
        thread = None if thread_at is None else row[thread_at]
        earlier = before.get(thread)
        if earlier is not None:
            line = SourceLine(earlier[file_at], earlier[number_at])
            cost = costs[line]
            costs[line] = cost._replace(
                grown_bytes=_plus(cost.grown_bytes, _grown(earlier, row, at)),
                time_ns=_plus(cost.time_ns, _time(row, at)),
            )
        before[thread] = row
        line = SourceLine(row[file_at], row[number_at])
        cost = costs.get(line, NO_COST)
        costs[line] = cost._replace(records=cost.records + 1, rss_bytes=_whole(row, at.get("RSS")))


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
