"""What the extension is told of a recorder's filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.filters.plan import NoPlan, plan_of
from pikos.native import EVENTS, NeedsPython
from pikos.recorders.abstract_recorder import accept_everything

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.native import Plan
    from pikos.recorders.abstract_recorder import Accept


def native_plan(accept: Accept, record_type: Any, fields: Sequence[str]) -> Plan | None:
    """Say how the extension decides what a filter accepts.

    Parameters
    ----------
    accept
        The filter.
    record_type
        Type of the records, whose names of fields may be its own.
    fields
        What is gathered for each of its fields.

    Returns
    -------
    Plan or None
        None if all is accepted.

    Raises
    ------
    NeedsPython
        If only the filter itself can decide.

    """
    if accept is accept_everything:
        return None
    names = getattr(record_type, "_fields", ())
    numbers = {name: EVENTS.FIELDS.index(field) for name, field in zip(names, fields, strict=False)}
    try:
        return plan_of(accept, numbers)
    except NoPlan as reason:
        raise NeedsPython(str(reason)) from None
