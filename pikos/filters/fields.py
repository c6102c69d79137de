"""The value that a record has in a field."""

from __future__ import annotations

from typing import Any


class FieldMissing(AttributeError):
    """A filter asks for a field that the record does not have.

    Parameters
    ----------
    field
        The field that was asked for.
    fields
        Those that the record has; empty for a plain tuple, whose values have no names.

    """

    def __init__(self, field: str, fields: tuple[str, ...]) -> None:
        there = f"it has {', '.join(fields)}" if fields else "its values have no names"
        super().__init__(
            f"the record has no field {field!r}: {there}; filter on one of its fields, or have "
            "the monitor make records with this one"
        )
        self.field = field
        self.fields = fields


def value_of(record: Any, field: str) -> Any:
    """Return what a record has in a field.

    A field of a named tuple is found by its position: the classes of records have attributes
    of their own, and one of them, ``line``, has the name of a field.

    Parameters
    ----------
    record
        A named tuple, or any object with attributes that is not a tuple.
    field
        The field's name.

    Returns
    -------
    object
        Its value.

    Raises
    ------
    FieldMissing
        If the record has no such field.

    """
    fields = getattr(type(record), "_fields", None)
    if fields is not None:
        if field in fields:
            return record[fields.index(field)]
    elif not isinstance(record, tuple):
        try:
            return getattr(record, field)
        except AttributeError:
            fields = tuple(getattr(record, "__dict__", ()))
    raise FieldMissing(field, tuple(fields or ()))
