"""How records are shown: the templates of a record type."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, TypeVar

WIDTHS = {
    "index": 8,
    "type": 11,
    "function": 30,
    "lineNo": 7,
    "RSS": 15,
    "VMS": 15,
    "memory_age_ns": 13,
    "time_ns": 16,
    "last_exit_ns": 16,
    "thread_id": 15,
    "thread_name": 15,
    "line": 0,
    "filename": 0,
}
"""How wide each field is shown, in characters at least."""

RecordType = TypeVar("RecordType", bound=type[Any])


class LineTemplate:
    """The template on the type; on a record, its field named line."""

    def __init__(self, template: str, position: int) -> None:
        self._template = template
        self._text = itemgetter(position)

    def __get__(self, record: tuple[object, ...] | None, owner: type) -> object:
        return self._template if record is None else self._text(record)


def templated(record_type: RecordType) -> RecordType:
    """Give a record type the templates that its fields ask for, as a decorator.

    Parameters
    ----------
    record_type
        A named tuple of fields that ``WIDTHS`` has.

    Returns
    -------
    type
        The same, with ``header`` and ``line``.

    """
    names = record_type._fields
    template = " ".join(f"{{:<{WIDTHS[name]}}}" if WIDTHS[name] else "{}" for name in names)
    record_type.header = template
    record_type.line = LineTemplate(template, names.index("line")) if "line" in names else template
    return record_type
