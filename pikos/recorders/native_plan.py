"""What the extension is told of a recorder's filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.filters.plan import plan_of
from pikos.native import EVENTS
from pikos.recorders.abstract_recorder import accept_everything

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.native import Plan
    from pikos.recorders.abstract_recorder import Accept


def native_plan(
    accept: Accept, record_type: Any, fields: Sequence[str]
) -> tuple[bool, Plan | None]:
    """Tell whether the extension can decide what a filter accepts, and how.

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
    tuple
        Whether it can, and the plan; none is needed if all is accepted.

    """
    if accept is accept_everything:
        return True, None
    names = getattr(record_type, "_fields", ())
    numbers = {name: EVENTS.FIELDS.index(field) for name, field in zip(names, fields, strict=False)}
    plan = plan_of(accept, numbers)
    return plan is not None, plan
