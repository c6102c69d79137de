"""What filters on fields compare, as plain data, for whoever evaluates them without a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.filters.filter import Both, Either, Inverse
from pikos.filters.not_on_value import NotOnValue
from pikos.filters.on_change import OnChange
from pikos.filters.on_value import OnValue

if TYPE_CHECKING:
    from collections.abc import Mapping


def plan_of(accept: Any, numbers: Mapping[str, int]) -> tuple[Any, ...] | None:
    """Say what a filter compares.

    Parameters
    ----------
    accept
        A filter, or any callable.
    numbers
        The numbers by which the plan is to name the fields that there are.

    Returns
    -------
    tuple or None
        ``("in", number, values)``, ``("changes", number, seen)``, ``("not", plan)``,
        ``("and", plan, plan)`` or ``("or", plan, plan)``.  The list of values and the values
        seen are the filter's own, not copies.  None if it is another filter than those of
        Pikos, compares anything but texts and numbers, or asks for a field that there is not.

    """
    kind = type(accept)  # exactly: what is derived may decide otherwise
    if kind in {Both, Either}:
        sign = "and" if kind is Both else "or"
        return _joined(sign, accept.first, accept.second, numbers=numbers)
    if kind is Inverse:
        return _joined("not", accept.refused, numbers=numbers)
    if kind not in {OnValue, NotOnValue, OnChange} or accept.field not in numbers:
        return None
    number = numbers[accept.field]
    if kind is OnChange:
        return ("changes", number, accept.seen)
    within = ("in", number, accept.values) if all(map(_is_plain, accept.values)) else None
    return within if within is None or kind is OnValue else ("not", within)


def _joined(sign: str, *filters: Any, numbers: Mapping[str, int]) -> tuple[Any, ...] | None:
    plans = [plan_of(accept, numbers) for accept in filters]
    return None if None in plans else (sign, *plans)


def _is_plain(value: object) -> bool:
    """Whether comparing with the value runs no code of the program."""
    return type(value) in {str, int, float, bool, type(None)}
