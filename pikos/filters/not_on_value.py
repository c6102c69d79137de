"""A filter that refuses values of a field."""

from __future__ import annotations

from typing import Any

from pikos.filters.on_value import OnValue


class NotOnValue(OnValue):
    """Accept records that have none of some values in a field: the opposite of `OnValue`.

    Parameters
    ----------
    field
        The field's name.  Records need named fields.
    *values
        The values to refuse; with none, every record is accepted.

    """

    def __call__(self, record: Any) -> bool:
        """Tell whether the record has none of the values.

        Raises
        ------
        FieldMissing
            If the record has no such field.

        """
        return not super().__call__(record)
