"""A filter on the values of a field."""

from __future__ import annotations

from typing import Any

from pikos.filters.fields import value_of
from pikos.filters.filter import Filter


class OnValue(Filter):
    """Accept records that have one of some values in a field.

    Parameters
    ----------
    field
        The field's name.  Records need named fields.
    *values
        The values to look for; with none, no record is accepted.

    """

    field: str
    """The field to look at."""
    values: list[Any]
    """The values to look for."""

    def __init__(self, field: str, *values: Any) -> None:
        self.field = field
        self.values = list(values)

    def __call__(self, record: Any) -> bool:
        """Tell whether the record has one of the values.

        Raises
        ------
        FieldMissing
            If the record has no such field.

        """
        return value_of(record, self.field) in self.values

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, (self.field, *self.values)))})"
