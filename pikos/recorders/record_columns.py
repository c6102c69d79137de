"""What the fields of records are on the wire, and their values made to fit."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pikos.wire.tables import Type

KNOWN_FIELDS: dict[str, Type] = {
    "index": "i64",
    "type": "str",
    "function": "str",
    "lineNo": "i64",
    "filename": "str",
    "line": "str",
    "RSS": "i64",
    "VMS": "i64",
    "time_ns": "i64",
    "last_exit_ns": "i64",
    "memory_age_ns": "i64",
    "thread_id": "i64",
    "thread_name": "str",
}
"""The fields that monitors fill; any other field is what its first value is."""

_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**63 - 1
_INTEGERS, _STRINGS = frozenset({int, bool}), frozenset({str})


def type_of(field: str, value: object) -> Type:
    """Choose the type of a column.

    Parameters
    ----------
    field
        Name of the field.
    value
        Its value in the first record.

    Returns
    -------
    str
        The type of the column.

    """
    if field in KNOWN_FIELDS:
        return KNOWN_FIELDS[field]
    if isinstance(value, int):
        return "i64"
    return "f64" if isinstance(value, float) else "str"


def fit(kind: Type, values: Sequence[Any]) -> tuple[Sequence[Any], int]:
    """Make the values of a column fit its type.

    Parameters
    ----------
    kind
        What the column holds.
    values
        What records have in the field: anything at all.

    Returns
    -------
    tuple
        Values that can be encoded, and how many of them had to be changed.  In a column of
        strings nothing but a value that has no ``str`` counts as changed.

    """
    types = frozenset(map(type, values))
    if kind == "str":
        return (values, 0) if types <= _STRINGS else _each(_as_string, "", values)
    if kind == "f64":
        return (values, 0) if types <= {float} else _each(_as_float, math.nan, values)
    if types <= _INTEGERS and _have_64_bits(values):
        return values, 0
    return _each(_as_integer, 0, values)


def _have_64_bits(values: Sequence[int]) -> bool:
    try:
        array("q", values)
    except OverflowError:
        return False
    return True


def _each(
    convert: Callable[[Any], tuple[Any, bool]], otherwise: Any, values: Sequence[Any]
) -> tuple[list[Any], int]:
    fitting, misfits = [], 0
    for value in values:
        try:
            fitted, fits = convert(value)
        except Exception:  # noqa: BLE001 - whatever the program's objects raise
            fitted, fits = otherwise, False
        fitting.append(fitted)
        misfits += not fits
    return fitting, misfits


def _as_string(value: Any) -> tuple[str, bool]:
    text = str(value)
    # A subclass of str may do anything when it is encoded.
    return text if type(text) is str else str.__str__(text)[:], True


def _as_float(value: Any) -> tuple[float, bool]:
    return float(value), isinstance(value, int | float)


def _as_integer(value: Any) -> tuple[int, bool]:
    """Give the nearest integer of 64 bits."""
    integer = int(value)
    nearest = min(max(integer, _INTEGER_MIN), _INTEGER_MAX)
    return nearest, bool(nearest == value) and not isinstance(value, str)
