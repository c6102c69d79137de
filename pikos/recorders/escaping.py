"""Texts made safe for where they are written: a line, an encoding, a spreadsheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_NOT_IN_A_LINE = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Ends of lines, controls but the tab, what turns the direction of writing, lone surrogates."""

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def one_line(text: str) -> str:
    """Return text with whatever would break the line, or a terminal, written as an escape.

    Source lines and names of functions and files are the program's; anything can be in them.
    """
    if text.isprintable():
        return text
    return _NOT_IN_A_LINE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")


def encodable(value: object, encoding: str) -> str:
    """Return the text of a value with what an encoding does not have written as an escape."""
    return str(value).encode(encoding, "backslashreplace").decode(encoding)


def without_formula(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula: a text that begins like one quoted.

    Other values than texts, numbers above all, stay as they are.
    """
    if isinstance(value, str) and value.startswith(_BEGINS_A_FORMULA):
        return f"'{value}"
    return value


def cell_of(*, is_safe: bool, is_shown: bool) -> Callable[[Any], Any]:
    """Give what makes a value harmless for where it goes; the same function for the same place.

    Parameters
    ----------
    is_safe
        Whether a spreadsheet is to take no text for a formula.
    is_shown
        Whether a terminal shows it.

    """
    if is_shown:
        return _shown_without_formula if is_safe else _shown
    return without_formula if is_safe else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _shown(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _shown_without_formula(value: Any) -> Any:
    return _shown(without_formula(value))
