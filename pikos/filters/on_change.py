"""A filter on the changes of a field."""

from __future__ import annotations

import threading
from typing import Any

from pikos.filters.fields import value_of
from pikos.filters.filter import Filter


class OnChange(Filter):
    """Accept a record when a field has another value than in the record before.

    The first record is always accepted.  What came before is remembered for each thread by
    itself, since the records of one thread have nothing to do with those of another.  A filter
    that several monitors share does not know whose record it sees, and compares each with the
    one before from whichever monitor: give each monitor a filter of its own unless that is meant.

    Parameters
    ----------
    field
        The field's name.  Records need named fields.

    """

    field: str
    """The field to check for change."""
    seen: threading.local
    """Has, in each thread, what came last as its ``value``."""

    def __init__(self, field: str) -> None:
        self.field = field
        self.seen = threading.local()

    @property
    def previous(self) -> Any:
        """What the last record of the calling thread had in the field; None before the first."""
        return getattr(self.seen, "value", None)

    def __call__(self, record: Any) -> bool:
        """Tell whether the record's value is another than in the record before.

        Raises
        ------
        FieldMissing
            If the record has no such field.

        """
        value = value_of(record, self.field)
        seen = self.seen
        if hasattr(seen, "value") and seen.value == value:
            return False
        seen.value = value
        return True

    def __repr__(self) -> str:
        return f"OnChange({self.field!r})"
