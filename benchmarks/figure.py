"""One measured figure, and whether it is as good as it should be."""

from __future__ import annotations

from typing import NamedTuple


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
