"""A table of functions, or of records, as comma-separated values."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from pikos.export.labels import label_of
from pikos.recorders.escaping import one_line, without_formula

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pikos.model import Records, Snapshot

COLUMNS = (
    "name",
    "file",
    "line",
    "calls",
    "primitive_calls",
    "resumes",
    "self_ns",
    "cumulative_ns",
    "open_calls",
)
"""The columns of a profile."""


def csv_file(snapshot: Snapshot) -> Iterator[str]:
    """Write a row for each function, the most expensive first; or for each record.

    Of records of several types each row begins with its type, and has the fields of all of them.
    A text that a spreadsheet would take for a formula gets an apostrophe before it.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    str
        A row.

    """
    rows = _records(snapshot.records) if snapshot.of_recorder else _functions(snapshot)
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _functions(snapshot: Snapshot) -> Iterator[Iterable[Any]]:
    yield COLUMNS
    for stat in sorted(snapshot.stats.values(), key=lambda stat: (-stat.inline_ns, stat.function)):
        yield (
            *label_of(snapshot, stat.function),
            stat.callcount,
            stat.primitive_calls,
            stat.resumecount,
            stat.inline_ns,
            stat.cumulative_ns,
            stat.open,
        )


def _records(records: Mapping[str, Records]) -> Iterator[Iterable[Any]]:
    if len(records) == 1:
        (only,) = records.values()
        yield only.fields
        yield from only.rows
        return
    fields = list(dict.fromkeys(field for told in records.values() for field in told.fields))
    yield ["record", *fields]
    for name, told in records.items():
        for row in told.named():
            yield [name, *(row.get(field, "") for field in fields)]


def _cell(value: Any) -> Any:
    return without_formula(one_line(value)) if isinstance(value, str) else value
