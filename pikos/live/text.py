"""Makes text safe and fit to be shown: names, numbers, tables."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ELLIPSIS = "…"
"""Stands for what was cut off."""

TAB = 8
"""Columns between two stops of the tabulator."""

MARKS_MAX = 2
"""Characters without a width, such as accents, that one line may have for each of its columns."""

_SINGLE = re.compile("[ -\u02ff\u2010-\u2027\u2500-\u25c0]*")  # characters of one column each

_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60


def safe(text: str, width: int | None = None) -> str:
    """Make text from a stranger harmless to show on one line.

    What cannot be printed (controls, escape sequences, line ends, marks that turn the direction
    of writing, lone surrogates, …) becomes a backslash escape.

    Parameters
    ----------
    text
        Any string.
    width
        Columns of a terminal that it may take; None for no limit.

    Returns
    -------
    str
        Printable text; cut with an ellipsis if it was too wide.

    """
    if width is not None:
        text = text[: width * (MARKS_MAX + 1) + 1]  # the rest cannot be shown
    if not text.isprintable():
        text = "".join(character if character.isprintable() else _escape(character)
                       for character in text)  # fmt: skip
    return text if width is None else cut(text, width)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def width_of(text: str) -> int:
    """Measure text.

    Parameters
    ----------
    text
        Printable text.

    Returns
    -------
    int
        Columns of a terminal that it takes.

    """
    return len(text) if _SINGLE.fullmatch(text) else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def cut(text: str, width: int) -> str:
    """Cut text that is too wide.

    Parameters
    ----------
    text
        Printable text.
    width
        Columns that it may take.

    Returns
    -------
    str
        The text, or its beginning and an ellipsis.

    """
    if width_of(text) <= width and len(text) <= width * (MARKS_MAX + 1):
        return text
    kept, used = [], 0
    for character in text[: width * (MARKS_MAX + 1) - 1]:
        used += _columns(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + ELLIPSIS if width > 0 else ""


def left(text: str, width: int) -> str:
    """Fit text into columns, beginning at the left.

    Parameters
    ----------
    text
        Printable text.
    width
        Columns to fill.

    Returns
    -------
    str
        The text, cut or padded.

    """
    text = cut(text, width)
    return text + " " * (width - width_of(text))


def right(text: str, width: int) -> str:
    """Fit text into columns, ending at the right.

    Parameters
    ----------
    text
        Printable text.
    width
        Columns to fill.

    Returns
    -------
    str
        The text, cut or padded.

    """
    text = cut(text, width)
    return " " * (width - width_of(text)) + text


def count(number: float) -> str:
    """Write a number of things in at most 11 columns.

    Parameters
    ----------
    number
        How many.

    Returns
    -------
    str
        Exact up to nine digits; past them with a unit.

    """
    if abs(number) < 10**9:
        return f"{number:,.0f}"
    for unit, size in (("G", 10**9), ("T", 10**12), ("P", 10**15), ("E", 10**18)):
        if abs(number) < 1000 * size:
            return f"{number / size:,.2f} {unit}"
    return f"{number:.1e}"


def counted(number: float, one: str, several: str = "") -> str:
    """Write a number of things with their name, which is in the singular for 1.

    Parameters
    ----------
    number
        How many.
    one
        Name of one of them.
    several
        Name of several; by default ``one`` with an s.

    Returns
    -------
    str
        As in ``1 thread``, ``2 threads``.

    """
    return f"{count(number)} {one if number == 1 else several or one + 's'}"


def ending(reason: str) -> str:
    """Write why a session ended: what its goodbye says.

    Parameters
    ----------
    reason
        The goodbye's reason: data from a stranger.

    Returns
    -------
    str
        Printable text.

    """
    return "the session was closed" if reason == "closed" else safe(reason)


def calls_text(returned: int, opened: int) -> str:
    """Write how many calls there were; those that are still open are told apart.

    Parameters
    ----------
    returned
        Calls that have returned.
    opened
        Calls that have not.

    Returns
    -------
    str
        Both numbers, as far as there are any.

    """
    if not returned and opened:
        return counted(opened, "open call")
    text = counted(returned, "call")
    return f"{text} + {count(opened)} open" if opened else text


def duration(nanoseconds: float) -> str:
    """Write a time in at most 9 columns.

    Parameters
    ----------
    nanoseconds
        How long.

    Returns
    -------
    str
        With its unit.

    """
    size = abs(nanoseconds)
    for unit, limit in (("ns", 1e3), ("µs", 1e6), ("ms", 1e9)):
        if size < limit:
            return f"{nanoseconds * 1e3 / limit:.{0 if unit == 'ns' else 1}f} {unit}"
    seconds = nanoseconds / 1e9
    if abs(seconds) < 10 * _HOUR_S:
        return f"{seconds:.{3 if abs(seconds) < 100 else 1}f} s"  # noqa: PLR2004  # digits run out
    if abs(seconds) < 100 * _DAY_S:
        return f"{seconds / _HOUR_S:.1f} h"
    return f"{seconds / _DAY_S:.0f} d"


def clock(seconds: float) -> str:
    """Write how long something has been going on.

    Parameters
    ----------
    seconds
        How long.

    Returns
    -------
    str
        As hours, minutes and seconds.

    """
    whole = max(0, int(seconds))
    return f"{whole // _HOUR_S}:{whole // _MINUTE_S % 60:02}:{whole % 60:02}"


def size(size_bytes: float) -> str:
    """Write a number of bytes in at most 9 columns.

    Parameters
    ----------
    size_bytes
        How many.

    Returns
    -------
    str
        With its unit.

    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size_bytes) < 1024:  # noqa: PLR2004  # the next unit
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} TiB"


def table(rows: Sequence[Sequence[str]], *, numbers: Sequence[bool]) -> list[str]:
    """Lay out rows of text in columns.

    Parameters
    ----------
    rows
        The cells of each row, the first row being the heading; made safe here.
    numbers
        For each column, whether it is set to the right.

    Returns
    -------
    list of str
        A line for each row.

    """
    cells = [[safe(cell) for cell in row] for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            right(cell, width) if number else left(cell, width)
            for cell, width, number in zip(row, widths, numbers, strict=True)
        ).rstrip()
        for row in cells
    ]
