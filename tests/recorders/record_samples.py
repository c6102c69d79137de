"""Record types as the monitors have them, and what the tests of recorders share."""

from __future__ import annotations

import csv
from typing import NamedTuple


class Plain(NamedTuple):
    """Fields, and no templates."""

    index: int
    function: str
    filename: str


class _Line(NamedTuple):
    index: int
    function: str
    line: str


class Formatted(_Line):
    """Templates, one of which hides the field of its name."""

    __slots__ = ()

    header = "{:<8} {:<12} {}"
    line = "{:>8} {:<12} {}"


def plain(index):
    return Plain(index, "gcd", "module.py")


def cells_of(path):
    """The rows of a CSV file."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def indexes_of(path):
    """The first value of each line under the header of a file of either kind."""
    lines = path.read_text(encoding="utf-8").replace(",", " ").splitlines()
    return [int(line.split()[0]) for line in lines if line[:1].isdigit()]
