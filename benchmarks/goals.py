"""How little our profiler should add, as a share of what cProfile adds."""

from __future__ import annotations

from typing import NamedTuple


class Goal(NamedTuple):
    """The most that it may be."""

    mean: float
    """Geometric mean over the headline workloads."""
    worst: float | None = None
    """Any one of them."""

    def reached(self, mean: float, worst: float) -> bool:
        """Whether figures are as good as this."""
        return mean <= self.mean and (self.worst is None or worst <= self.worst)

    def __str__(self) -> str:
        return f"≤ {self.mean:.2f}" + ("" if self.worst is None else f" ({self.worst:.2f})")


GOALS = {
    ("pikos", "3.11"): Goal(0.65, 0.75),
    ("pikos", "3.12"): Goal(0.42, 0.58),
    ("pikos", "3.13"): Goal(0.33, 0.42),
    ("pikos-monotonic", "3.11"): Goal(0.85),
    ("pikos-monotonic", "3.12"): Goal(0.75),
    ("pikos-monotonic", "3.13"): Goal(0.60),
}
"""By tool and minor version.  Those of ``pikos`` are for the time-stamp counter's clock."""


def goal_for(tool: str, python: str, clock: str) -> Goal | None:
    """The goal of a tool, None if it has none.

    Parameters
    ----------
    tool
        Its name.
    python
        Version of the interpreter.
    clock
        What wall time is read from on that machine.

    """
    if tool == "pikos" and clock != "tsc":
        tool = "pikos-monotonic"
    return GOALS.get((tool, ".".join(python.split(".")[:2])))
