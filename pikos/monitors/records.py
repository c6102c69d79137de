"""The record types: named tuples whose fields say what a monitor gathers.

``header`` and ``line`` of a record type are templates for ``str.format``: the first of the field
names, the second of a record's values.  Where ``line`` is a field too, it is the template on the
type and the text of the line on a record.
"""

# ruff: noqa: PYI024 - a NamedTuple may not have a field and a template that are both named line

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

from pikos.monitors.record_templates import WIDTHS, LineTemplate, templated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

KNOWN_FIELDS = tuple(WIDTHS)
"""The fields that a monitor knows how to gather."""


class FunctionRecord(
    collections.namedtuple("FunctionRecord", ("index", "type", "function", "lineNo", "filename"))
):
    """A function event.

    Fields:
    index - int, how many events the monitor gathered before
    type - str, ``call``, ``return``, ``c_call``, ``c_return`` or ``c_exception``
    function - str, name of the function; of a ``c_`` event, of the built-in one
    lineNo - int, the line that its frame is at; of a ``c_`` event, the caller's
    filename - str, file of that line, as it was compiled
    """

    __slots__ = ()
    header = "{:<8} {:<11} {:<30} {:<5} {}"
    line = "{:<8} {:<11} {:<30} {:<5} {}"


class LineRecord(
    collections.namedtuple("LineRecord", ("index", "function", "lineNo", "line", "filename"))
):
    """A line that is about to run.

    Fields:
    index - int, how many events the monitor gathered before
    function - str, name of the function
    lineNo - int, number of the line
    line - str, its text with its indentation; ``<compiled string>`` if there is no source
    filename - str, its file, as it was compiled
    """

    __slots__ = ()
    header = "{:<12} {:<50} {:<7} {} -- {}"
    line = LineTemplate("{:<12} {:<50} {:<7} {} -- {}", 3)


class FunctionMemoryRecord(
    collections.namedtuple(
        "FunctionMemoryRecord",
        ("index", "type", "function", "RSS", "VMS", "lineNo", "filename"),
    )
):
    """A function event, with the memory of the process at it.

    Fields:
    RSS - int, resident set, bytes
    VMS - int, virtual size, bytes
    the others - as in ``FunctionRecord``
    """

    __slots__ = ()
    header = "{:<8} | {:<11} | {:<12} | {:<15} | {:<15} | {:>6} | {}"
    line = "{:>8} | {:<11} | {:<12} | {:>15} | {:>15} | {:>6} | {}"


class LineMemoryRecord(
    collections.namedtuple(
        "LineMemoryRecord",
        ("index", "function", "lineNo", "RSS", "VMS", "line", "filename"),
    )
):
    """A line that is about to run, with the memory of the process before it.

    Fields:
    RSS - int, resident set, bytes
    VMS - int, virtual size, bytes
    the others - as in ``LineRecord``
    """

    __slots__ = ()
    header = "{:^12} | {:^30} | {:^7} | {:^15} | {:^15} | {} {}"
    line = LineTemplate("{:<12} | {:<30} | {:<7} | {:>15} | {:>15} | {} {}", 5)


@templated
class FunctionTimeRecord(
    collections.namedtuple(
        "FunctionTimeRecord",
        "index type function lineNo time_ns last_exit_ns thread_id thread_name filename",
    )
):
    """A function event, with its time and thread.

    Fields:
    time_ns - int, ns, the monitor's clock when the monitor was told of the event
    last_exit_ns - int, ns, the clock when the monitor was done with the event before in this
    thread, 0 at the first since ``enable``: ``time_ns - last_exit_ns`` is the program's own time
    between the two
    thread_id - int, as ``threading.get_ident`` gives it
    thread_name - str, empty if ``threading`` does not know the thread
    the others - as in ``FunctionRecord``
    """

    __slots__ = ()


@templated
class LineTimeRecord(
    collections.namedtuple(
        "LineTimeRecord",
        "index function lineNo time_ns last_exit_ns thread_id thread_name line filename",
    )
):
    """A line that is about to run, with its time and thread.

    Fields: those of ``LineRecord``, and the times and threads of ``FunctionTimeRecord``
    """

    __slots__ = ()


@templated
class FunctionMemoryTimeRecord(
    collections.namedtuple(
        "FunctionMemoryTimeRecord",
        "index type function RSS VMS lineNo time_ns last_exit_ns thread_id thread_name filename",
    )
):
    """A function event, with memory, time and thread.

    Fields: those of ``FunctionMemoryRecord``, and the times and threads of ``FunctionTimeRecord``
    """

    __slots__ = ()


@templated
class LineMemoryTimeRecord(
    collections.namedtuple(
        "LineMemoryTimeRecord",
        "index function lineNo RSS VMS time_ns last_exit_ns thread_id thread_name line filename",
    )
):
    """A line that is about to run, with memory, time and thread.

    Fields: those of ``LineMemoryRecord``, and the times and threads of ``FunctionTimeRecord``
    """

    __slots__ = ()


RECORD_TYPES: tuple[type[Any], ...] = (
    FunctionRecord,
    LineRecord,
    FunctionMemoryRecord,
    LineMemoryRecord,
    FunctionTimeRecord,
    LineTimeRecord,
    FunctionMemoryTimeRecord,
    LineMemoryTimeRecord,
)
"""All that are defined here."""


def record_type_of(fields: Iterable[str]) -> type[Any]:
    """Give the record type that has some fields: one of those above, or a new one.

    Parameters
    ----------
    fields
        Names out of ``KNOWN_FIELDS``, in the order wanted.

    Returns
    -------
    type
        A named tuple with templates.

    Raises
    ------
    ValueError
        If a name is not known or given twice, or there is none.

    """
    names = (fields,) if isinstance(fields, str) else tuple(fields)
    if not names or len(set(names)) != len(names):
        raise ValueError(f"fields are {names}: give each wanted field once, at least one")
    _refuse_unknown(names)
    for record_type in RECORD_TYPES:
        if record_type._fields == names:
            return record_type
    base = collections.namedtuple("Record", names)  # type: ignore[misc] # known only now
    return templated(type("Record", (base,), {"__slots__": ()}))


def fields_of(record_type: Callable[..., Any], default: Sequence[str]) -> tuple[str, ...]:
    """Say what to gather for a record type.

    Parameters
    ----------
    record_type
        If it has ``_fields``, these are gathered.
    default
        What is gathered if it has none (``tuple``), and by position if the names are the
        caller's own and as many.

    Returns
    -------
    tuple
        Names out of ``KNOWN_FIELDS``.

    Raises
    ------
    ValueError
        If it has fields that are not known, and not as many as the default.

    """
    names = getattr(record_type, "_fields", None)
    if names is None:
        return tuple(default)
    if len(names) == len(default) and not set(names) <= set(KNOWN_FIELDS):
        return tuple(default)
    _refuse_unknown(names)
    return tuple(names)


def _refuse_unknown(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in KNOWN_FIELDS]
    if unknown:
        raise ValueError(
            f"no monitor can gather {', '.join(map(repr, unknown))}; "
            f"the known fields are {', '.join(KNOWN_FIELDS)}"
        )
