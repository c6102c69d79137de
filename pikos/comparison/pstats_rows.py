"""The rows of a pstats file, checked; nothing in the file is trusted."""

from __future__ import annotations

from typing import Any, NamedTuple

from pikos.comparison.counts import Counts
from pikos.comparison.marshalled import unmarshalled

COUNT_MAX = 2**63
"""What a count, or a time in ns, is less than."""

Label = tuple[str, int, str]
"""File, first line and name, as pstats identifies a function."""


class Row(NamedTuple):
    """One function."""

    counts: Counts
    callers: dict[Label, Counts]


def read_pstats(content: bytes) -> dict[Label, Row]:
    """Read a pstats file.

    Parameters
    ----------
    content
        The file, or untrusted bytes.

    Returns
    -------
    dict
        Its functions; times are rounded to ns.

    Raises
    ------
    ValueError
        If it is no such file; the message says what is wrong.

    """
    table = unmarshalled(content)
    if not isinstance(table, dict):
        raise ValueError("it is no table of functions")  # noqa: TRY004  # what is in a file
    return {_label(label): _row(row) for label, row in table.items()}


def _label(label: Any) -> Label:
    match label:
        case (str(file), int(line), str(name)):
            return file, max(0, line), name
    raise ValueError("a function is not named by its file, line and name")


def _row(row: Any) -> Row:
    match row:
        case (int(primitive), int(calls), float() | int(), float() | int(), dict(callers)):
            counts = _counts(calls, primitive, row[2], row[3])
            return Row(counts, {_label(label): _of_caller(one) for label, one in callers.items()})
    raise ValueError("a function does not have two counts, two times and its callers")


def _of_caller(row: Any) -> Counts:
    match row:
        case (int(calls), int(primitive), float() | int(), float() | int()):
            return _counts(calls, primitive, row[2], row[3])
        case int(calls):  # of profile.Profile, which measures no times of callers
            return _counts(calls, calls, 0, 0)
    raise ValueError("a caller does not have two counts and two times")


def _counts(calls: int, primitive: int, own_s: float, total_s: float) -> Counts:
    if max(abs(primitive), abs(calls)) >= COUNT_MAX:
        raise ValueError("a count of a function has more than 64 bits")
    return Counts(calls, primitive, _ns(own_s), _ns(total_s))


def _ns(seconds: float) -> int:
    if not abs(seconds) < COUNT_MAX / 1e9:
        raise ValueError(f"a time of {seconds} s")
    return round(seconds * 1e9)
