"""The filters that are given on the command line, as text."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, NamedTuple

from pikos.cli.monitor_options import FILTER_SYNTAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.filters.api import Filter

_NUMBERS = {
    "index",
    "lineNo",
    "RSS",
    "VMS",
    "memory_age_ns",
    "time_ns",
    "last_exit_ns",
    "thread_id",
}
"""Fields whose values are integers."""


class FilterGiven(NamedTuple):
    """A filter, and the field that it needs records to have."""

    text: str
    """As it was given."""
    field: str
    filter: Filter


def filter_given(text: str) -> FilterGiven:
    """Make a filter of its text.

    Parameters
    ----------
    text
        ``FIELD=VALUE`` or ``FIELD!=VALUE``, with more values after commas (a value in double
        quotes may have commas in it), or ``changed:FIELD``.

    Returns
    -------
    FilterGiven
        The filter.

    Raises
    ------
    ValueError
        If the text is of another form, or a value is no number where the field's are.

    """
    from pikos.filters.api import NotOnValue, OnChange, OnValue

    changed = re.fullmatch(r"changed:(\w+)", text)
    if changed:
        return FilterGiven(text, changed[1], OnChange(changed[1]))
    on_value = re.fullmatch(r"(\w+)(!?=)(.*)", text, re.DOTALL)
    if not on_value:
        raise ValueError(f"{text!r} is no filter: give {FILTER_SYNTAX}")
    field, operator, values = on_value.groups()
    kind = OnValue if operator == "=" else NotOnValue
    return FilterGiven(text, field, kind(field, *_values(field, values)))


def all_of(given: Sequence[FilterGiven]) -> Filter | None:
    """Make one filter that accepts what each of some accepts; None if there is none.

    Parameters
    ----------
    given
        The filters, in the order in which they are asked.

    Returns
    -------
    Filter or None
        Their combination.

    """
    combined: Filter | None = None
    for _, _, each in given:
        combined = each if combined is None else combined & each
    return combined


def _values(field: str, text: str) -> list[str] | list[int]:
    values = next(csv.reader([text])) or [""]
    if field not in _NUMBERS:
        return values
    try:
        return [int(value) for value in values]
    except ValueError:
        raise ValueError(f"{text!r} is no number, as {field} is") from None
