"""What ``pikos plot`` reads: the records of a CSV file, as columns."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pikos.cli.recognition import RECORDS, Kind, check
from pikos.errors import PlotError, WrongInput
from pikos.pipes import read_pipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, TextIO

MIB = 1024 * 1024
MEMORY = ("RSS", "VMS")
"""Fields in bytes, which are drawn in MiB."""

_CLOCKS = ("time_ns", "last_exit_ns")
"""Readings of a clock that starts anywhere: drawn in seconds from the first record on."""

_NS_PER_S = 1e9
_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Series:
    """One field of all records, as it is drawn."""

    label: str
    """Name and unit."""
    values: list[float]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The records of one file."""

    path: str
    columns: dict[str, list[str]]
    """Each field's values, as they are written."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def numeric_fields(self) -> list[str]:
        """Return the names of the fields that could be drawn."""
        return [name for name, texts in self.columns.items() if _numbers(texts) is not None]

    def offer(self, how: str = "give one of") -> str:
        """Return how to name other fields, for an error."""
        fields = self.numeric_fields()
        if not fields:
            return "none of its fields is of numbers: name a file of pikos-run --recording csv"
        return f"{how} {', '.join(fields)}"

    def series(self, field: str) -> Series:
        """Return a field as it is drawn.

        Raises
        ------
        PlotError
            If the records have no such field, or it is not one of numbers.

        """
        values = _numbers(self.columns[field]) if field in self.columns else None
        if values is None:
            wrong = "is not of numbers" if field in self.columns else "is not in the records"
            raise PlotError(self.path, f"field {field!r} {wrong}; {self.offer()}")
        if field in MEMORY:
            return Series(f"{field} (MiB)", [value / MIB for value in values])
        if field in _CLOCKS:
            start = _start(self.columns, values)
            return Series(
                f"{field.removesuffix('_ns').replace('_', ' ')} (s)",
                [(value - start) / _NS_PER_S if value else math.nan for value in values],
            )
        if field.endswith("_ns"):
            return Series(
                f"{field.removesuffix('_ns').replace('_', ' ')} (ms)",
                [value / _NS_PER_MS for value in values],
            )
        return Series("record index" if field == "index" else field, values)


def read(path: str) -> Recorded:
    """Read what a CSV recorder wrote.

    A last line that is cut off, as a killed program leaves it, is left out.

    Raises
    ------
    WrongInput
        If the file is of another kind.
    PlotError
        If the file cannot be read, or holds no records under a line of field names.

    """
    kind = check(path, RECORDS)
    try:
        with _opened(path, kind) as file:
            rows = list(_rows(file))
    except OSError as error:
        raise PlotError(
            path, f"{error.strerror}; name a file of pikos-run --recording csv"
        ) from None
    except csv.Error as error:
        raise PlotError(path, f"{error}; it is no CSV file") from None
    if not rows:
        raise PlotError(path, "there is nothing in it; name a file of pikos-run --recording csv")
    (_, names), *records = rows
    if len(set(names)) < len(names) or any(_number(name) is not None for name in names):
        raise PlotError(path, "its first line does not name the fields, each by its own name")
    if records and len(records[-1][1]) < len(names):
        records.pop()
    for line_number, record in records:
        if len(record) != len(names):
            raise PlotError(
                path, f"line {line_number} has {len(record)} fields and the first {len(names)}"
            )
    if not records:
        raise PlotError(path, "it holds no records")
    texts = zip(*(record for _, record in records), strict=True)
    return Recorded(path, {name: list(column) for name, column in zip(names, texts, strict=True)})


def name_of(path: str) -> str:
    """Return how a file is called in a picture."""
    return os.path.basename(path) or path


def _opened(path: str, kind: Kind) -> TextIO:
    source: BinaryIO
    if kind is Kind.PIPE:
        content = read_pipe(path)
        if content is None:
            raise WrongInput(path, "is a pipe that nobody writes to", RECORDS.text)
        source = io.BytesIO(content)
    else:
        source = open(path, "rb")  # noqa: SIM115  # closed with what is around it
    return io.TextIOWrapper(source, newline="", encoding="utf-8", errors="backslashreplace")


def _rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the number of its last line."""
    reader = csv.reader(file)
    for row in reader:
        if row:
            yield reader.line_num, row


def _start(columns: dict[str, list[str]], values: list[float]) -> float:
    """When the first record was made: one zero for both readings of the clock."""
    return (_numbers(columns["time_ns"]) or values)[0] if "time_ns" in columns else values[0]


def _numbers(texts: list[str]) -> list[float] | None:
    numbers = []
    for text in texts:
        number = _number(text)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
