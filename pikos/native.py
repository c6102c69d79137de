"""The C event source of the monitors, where it was built, and what recorders say to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EVENTS: Any = None
"""The extension, or None."""
MISSING = ""
"""Why it is None."""

try:
    from pikos import _events

    EVENTS = _events
except ImportError as error:
    MISSING = f"pikos._events, which a C compiler makes, is not there ({error})"

Plan = tuple[Any, ...]
"""What a filter on fields compares, as the extension reads it; see ``ext/monitors/accept.c``."""

OF_THE_SITE = ("type", "function", "lineNo", "line", "filename")
"""Fields that every event at a place of the program has alike; the others are measured."""


class NeedsPython(Exception):
    """Python code has to see each record; the text says why."""


class Target:
    """Where the extension puts a recorder's records.

    Parameters
    ----------
    place
        ``Rows`` or ``TextFile``; None while the recorder is not prepared.
    plan
        Which of them; None: all.
    text_format
        How they are written in a file: a ``Format``.

    """

    def __init__(self, place: Any, plan: Plan | None, text_format: Any = None) -> None:
        self.place = place
        self.plan = plan
        self.text_format = text_format


def format_of_cells(
    fields: Sequence[str],
    cell: Callable[[Any, int], str],
    between: Sequence[str],
    spaces: Mapping[int, tuple[str, int]],
    encoded: Callable[[str], bytes],
    value: tuple[object, ...],
) -> Any:
    """Give the ``Format`` of records that consist of a cell for each field.

    Parameters
    ----------
    fields
        What is gathered for each field.
    cell
        Gives the text of a value in the field at a position.
    between
        What is written before, between and after the cells.
    spaces
        For the positions of measured fields their alignment and width, if they have one.
    encoded
        Gives a text as UTF-8.
    value
        All that the format depends on: a living format with an equal value is given again, so
        that the texts of the program's places are made once for both.

    """
    measured = [position for position, name in enumerate(fields) if name not in OF_THE_SITE]

    def of_site(*values: Any) -> tuple[bytes, ...]:
        known = dict(zip(OF_THE_SITE, values, strict=True))
        pieces = [between[0]]
        for position, name in enumerate(fields):
            if name in known:
                pieces[-1] += cell(known[name], position)
            else:
                pieces.append("")
            pieces[-1] += between[position + 1]
        return tuple(map(encoded, pieces))

    name_at = fields.index("thread_name") if "thread_name" in fields else -1

    def thread_name(name: str) -> bytes:
        return encoded(cell(name, name_at))

    return EVENTS.Format(
        of_site,
        thread_name,
        tuple(spaces.get(position, ("<", 0)) for position in measured),
        (tuple(fields), *value),
    )
