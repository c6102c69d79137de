"""The records that the statistics of external profilers are turned into."""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class _FunctionFields(NamedTuple):
    index: int  # type: ignore[assignment]  # not tuple's method
    function: str
    calls: int
    recursive_calls: int
    inline_ns: int
    total_ns: int
    lineNo: int  # noqa: N815 - named as in the records of the monitors
    filename: str


class FunctionProfileRecord(_FunctionFields):
    """What a profiler counted of one function, from its first call on.

    Fields:
        index — int, of the record
        function — str, name; of a built-in, what the profiler calls it
        calls — int
        recursive_calls — int, those of them that found the function open already
        inline_ns — int, ns in the function itself
        total_ns — int, ns in it and all that it called
        lineNo — int, first line; 0 of a built-in that has none
        filename — str
    """

    __slots__ = ()

    header: ClassVar[str] = "{:>8} | {:<30} | {:>10} | {:>15} | {:>14} | {:>14} | {:>6} | {}"
    """Template of the line above the records."""
    line: ClassVar[str] = header
    """Template of a record."""


class _LineFields(NamedTuple):
    index: int  # type: ignore[assignment]  # not tuple's method
    function: str
    lineNo: int  # noqa: N815 - as above
    hits: int
    total_ns: int
    source: str
    filename: str


class LineProfileRecord(_LineFields):
    """What a profiler counted of one line, from its first execution on.

    Fields:
        index — int, of the record
        function — str, name of the function that the line is in
        lineNo — int, the line's number
        hits — int, how often it was executed
        total_ns — int, ns in it and all that it called
        source — str, the line without blanks at its end
        filename — str
    """

    __slots__ = ()

    header: ClassVar[str] = "{:>8} | {:<30} | {:>7} | {:>10} | {:>14} | {} {}"
    """Template of the line above the records."""
    line: ClassVar[str] = header
    """Template of a record."""
