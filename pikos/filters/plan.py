"""What filters on fields compare, as plain data, for whoever evaluates them without a record."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from pikos.filters.filter import Both, Either, Inverse
from pikos.filters.not_on_value import NotOnValue
from pikos.filters.on_change import OnChange
from pikos.filters.on_value import OnValue

if TYPE_CHECKING:
    from collections.abc import Mapping


class NoPlan(Exception):
    """Only calling a filter tells what it accepts; the text says why."""


def plan_of(accept: Any, numbers: Mapping[str, int]) -> tuple[Any, ...]:
    """Say what a filter compares.

    Parameters
    ----------
    accept
        A filter, or any callable.
    numbers
        The numbers by which the plan is to name the fields that there are.

    Returns
    -------
    tuple
        ``("in", number, values)``, ``("changes", number, seen)``, ``("not", plan)``,
        ``("and", plan, plan)`` or ``("or", plan, plan)``.  The list of values and the values
        seen are the filter's own, not copies.

    Raises
    ------
    NoPlan
        If it is another filter than those of Pikos, compares anything but texts and numbers, or
        asks for a field that there is not.

    """
    kind = type(accept)  # exactly: what is derived may decide otherwise
    if kind in {Both, Either}:
        sign = "and" if kind is Both else "or"
        return (sign, plan_of(accept.first, numbers), plan_of(accept.second, numbers))
    if kind is Inverse:
        return ("not", plan_of(accept.refused, numbers))
    if kind not in {OnValue, NotOnValue, OnChange}:
        raise NoPlan(f"the filter is {_described(accept)}")
    if accept.field not in numbers:
        raise NoPlan(f"the filter asks for the field {accept.field!r}, which records do not have")
    number = numbers[accept.field]
    if kind is OnChange:
        return ("changes", number, accept.seen)
    for value in accept.values:
        if not _is_plain(value):
            raise NoPlan(f"the filter compares with {_described(value)}")
    within = ("in", number, accept.values)
    return within if kind is OnValue else ("not", within)


def _described(thing: Any) -> str:
    """What something is, without running code of it."""
    if not isinstance(thing, FunctionType):
        return f"an instance of {type(thing).__name__}"
    return "a lambda" if thing.__name__ == "<lambda>" else f"the function {thing.__name__}"


def _is_plain(value: object) -> bool:
    """Whether comparing with the value runs no code of the program."""
    return type(value) in {str, int, float, bool, type(None)}
