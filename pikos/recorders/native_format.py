"""How the extension writes records as the lines and rows of the recorders to files."""

from __future__ import annotations

import csv
import io
import re
import string
from typing import TYPE_CHECKING, Any

from pikos.native import OF_THE_SITE, NeedsPython, format_of_cells
from pikos.recorders.escaping import encodable, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SPACES = re.compile(r"([<>^]?)(\d*)")
"""The formats of a value that have to do with nothing but its alignment."""

_OF_DIALECTS = (
    "delimiter",
    "doublequote",
    "escapechar",
    "lineterminator",
    "quotechar",
    "quoting",
    "strict",
)
"""What ``csv.writer`` reads of a dialect."""


def csv_format(
    fields: Sequence[str],
    csv_kwargs: dict[str, Any],
    harmless: Callable[[Any], Any],
    *,
    encoding: str | None,
) -> Any:
    """Give the format of rows as ``csv.writer`` writes them.

    Parameters
    ----------
    fields
        What is gathered for each column.
    csv_kwargs
        The arguments of ``csv.writer``.
    harmless
        Makes a value harmless for where it goes: one of those that ``cell_of`` gives.
    encoding
        What the texts are to fit in; None: any.

    Returns
    -------
    Format
        The format.

    Raises
    ------
    NeedsPython
        If numbers may have the delimiter, the quote or the escape in them.

    """
    dialect = csv.writer(io.StringIO(), **csv_kwargs).dialect
    signs = {dialect.delimiter, dialect.quotechar, dialect.escapechar}
    if signs & set("0123456789-"):
        raise NeedsPython("a sign of the CSV dialect is also one of numbers")

    def row(*cells: Any) -> str:
        text = io.StringIO()
        csv.writer(text, dialect).writerow(cells)
        return text.getvalue()

    others = [0] if len(fields) > 1 else []  # a cell alone may be quoted
    rest = dialect.delimiter + row(*others) if others else dialect.lineterminator

    def cell(value: Any, _position: int) -> str:
        return row(harmless(value), *others).removesuffix(rest)

    between = ["", *[dialect.delimiter] * (len(fields) - 1), dialect.lineterminator]
    for position, name in enumerate(fields):
        if name not in {*OF_THE_SITE, "thread_name"}:
            quote = cell(0, position).partition("0")[0]
            between[position] += quote
            between[position + 1] = quote + between[position + 1]
    value = ("csv", harmless, encoding, *(getattr(dialect, name) for name in _OF_DIALECTS))
    return format_of_cells(fields, cell, between, {}, _utf_8_of(encoding), value)


def line_format(fields: Sequence[str], template: str | None, *, encoding: str | None) -> Any:
    """Give the format of lines as the recorders of text write them.

    Parameters
    ----------
    fields
        What is gathered for each value.
    template
        For ``str.format``; None: the values with a space between each two.
    encoding
        What the texts are to fit in; None: any.

    Returns
    -------
    Format
        The format.

    Raises
    ------
    NeedsPython
        If the template does more than to align each value in turn.

    """
    encoded, value = _utf_8_of(encoding), ("line", template, encoding)
    if template is None:
        between = ["", *[" "] * (len(fields) - 1), "\n"]

        def text_of(value: Any, _position: int) -> str:
            return one_line(str(value))

        return format_of_cells(fields, text_of, between, {}, encoded, value)
    parts = list(string.Formatter().parse(template))
    between = [one_line(literal) for literal, *_ in parts]
    ends_with_text = bool(parts) and parts[-1][1] is None
    formats = [specification for _, name, specification, _ in parts if name is not None]
    matches = [_SPACES.fullmatch(specification or "") for specification in formats]
    simple = all(name in {None, ""} and not conversion for _, name, _, conversion in parts)
    if not simple or None in matches or len(formats) != len(fields):
        raise NeedsPython(f"the template {template!r} does more than align each value")
    between = [*between[:-1], f"{between[-1]}\n"] if ends_with_text else [*between, "\n"]
    spaces = {
        position: (match[1] or ">", int(match[2] or 0))
        for position, match in enumerate(matches)
        if match is not None and fields[position] not in OF_THE_SITE
    }

    def cell(value: Any, position: int) -> str:
        try:
            text = format(value, formats[position] or "")
        except TypeError:  # None cannot be aligned, its text can
            text = format(str(value), formats[position] or "")
        return one_line(text)

    return format_of_cells(fields, cell, between, spaces, encoded, value)


def _utf_8_of(encoding: str | None) -> Callable[[str], bytes]:
    """Give what makes UTF-8 of texts, with all that an encoding does not have as escapes."""
    if encoding is None:
        return lambda text: text.encode("utf-8", "surrogatepass")
    return lambda text: encodable(text, encoding).encode()
