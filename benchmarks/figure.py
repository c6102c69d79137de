"""One measured figure, and whether it is as good as it should be."""

from __future__ import annotations

from typing import NamedTuple

EXPONENTS_FROM = 999.5
"""Where three digits would be written with an exponent."""


def amount(value: float, unit: str) -> str:
    """A value and its unit as text: three digits, or all those of a whole number.

    Parameters
    ----------
    value
        The value.
    unit
        What it is counted in.

    """
    return f"{value:,.0f} {unit}" if value >= EXPONENTS_FROM else f"{value:.3g} {unit}"


class Figure(NamedTuple):
    """One line of the table of the publisher and the viewers."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    """The value may be at most this; None where there is no goal."""
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        return None if self.goal is None else self.value <= self.goal
