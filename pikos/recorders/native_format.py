"""How the extension writes records as the lines and rows of the recorders to files."""

from __future__ import annotations

import csv
import io
import re
import string
from typing import TYPE_CHECKING, Any

from pikos.native import OF_THE_SITE, format_of_cells
from pikos.recorders.escaping import one_line, without_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPACES = re.compile(r"([<>^]?)(\d*)")
"""The formats of a value that have to do with nothing but its alignment."""


def csv_format(fields: Sequence[str], csv_kwargs: dict[str, Any], *, safe: bool) -> Any:
    """Give the format of rows as ``csv.writer`` writes them.

    Parameters
    ----------
    fields
        What is gathered for each column.
    csv_kwargs
        The arguments of ``csv.writer``.
    safe
        Whether texts that a spreadsheet takes for a formula are quoted.

    Returns
    -------
    Format or None
        None if numbers are quoted too, or a lone cell is written in another way than in company.

    """
    dialect = csv.writer(io.StringIO(), **csv_kwargs).dialect
    signs = {dialect.delimiter, dialect.quotechar, dialect.escapechar}
    plain = dialect.quoting in {csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC}
    if not plain or len(fields) < 2 or signs & set("0123456789-"):  # noqa: PLR2004 - a lone one
        return None

    def cell(value: Any, _position: int) -> str:
        row = io.StringIO()
        csv.writer(row, **csv_kwargs).writerow(
            [without_formula(value) if safe else value, 0]  # a cell alone may be quoted
        )
        return row.getvalue()[: -len(f"{dialect.delimiter}0{dialect.lineterminator}")]

    between = ["", *[dialect.delimiter] * (len(fields) - 1), dialect.lineterminator]
    return format_of_cells(fields, cell, between, {})


def line_format(fields: Sequence[str], template: str | None) -> Any:
    """Give the format of lines as the recorders of text write them.

    Parameters
    ----------
    fields
        What is gathered for each value.
    template
        For ``str.format``; None: the values with a space between each two.

    Returns
    -------
    Format or None
        None if the template does more than to align each value in turn.

    """
    if template is None:
        between = ["", *[" "] * (len(fields) - 1), "\n"]
        return format_of_cells(fields, lambda value, _: one_line(str(value)), between, {})
    parts = list(string.Formatter().parse(template))
    between = [one_line(literal) for literal, *_ in parts]
    ends_with_text = bool(parts) and parts[-1][1] is None
    formats = [specification for _, name, specification, _ in parts if name is not None]
    matches = [_SPACES.fullmatch(specification or "") for specification in formats]
    simple = all(name in {None, ""} and not conversion for _, name, _, conversion in parts)
    if not simple or None in matches or len(formats) != len(fields):
        return None
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

    return format_of_cells(fields, cell, between, spaces)
