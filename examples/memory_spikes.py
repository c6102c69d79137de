"""Two ways to sum up a table: one holds all of it in memory, and gives it back before the end.

Usage: python memory_spikes.py [--small] [--fixed]

It prints the memory of the process at each call and return: RSS and VMS, in bytes.  What a
function held for a while is between its call and its return.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pikos.api import OnValue, memory_on_functions, screen

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 100


def rows(count: int) -> Iterator[list[float]]:
    """The table, a row at a time."""
    for number in range(count):
        yield [number + place / WIDTH for place in range(WIDTH)]


def add_up(table: Iterator[list[float]] | list[list[float]]) -> float:
    """The sum of all fields."""
    return sum(map(sum, table))


def legacy(count: int) -> float:
    """The spike: every row is there before the first is added."""
    table = list(rows(count))
    return add_up(table)


def fixed(count: int) -> float:
    """The cure: each row is gone when the next one comes."""
    return add_up(rows(count))


def main() -> None:
    """Sum up, and show what that needs."""
    parser = argparse.ArgumentParser(description="Sum up a table, and show the memory of that.")
    parser.add_argument("--small", action="store_true", help="a table of 2,000 rows, not 40,000")
    parser.add_argument("--fixed", action="store_true", help="the way that needs little memory")
    options = parser.parse_args()
    work = fixed if options.fixed else legacy
    shown = OnValue("function", "legacy", "fixed", "add_up") & OnValue("type", "call", "return")
    monitor = memory_on_functions(screen(filter_=shown), focus_on=[work])
    total = monitor(work)(2_000 if options.small else 40_000)
    print(f"the sum is {total:,.0f}")


if __name__ == "__main__":
    main()
