"""What the extension is told to do for a monitor, if it can do all that the monitor asks for."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from pikos.monitors.measures import MEMORY_FIELDS
from pikos.native import EVENTS, NeedsPython

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pikos.monitors.focus import FunctionSet
    from pikos.monitors.handlers import Handler
    from pikos.native import Target

_OWN_WAYS = ("__new__", "__init__", "__iter__", "__getitem__", "__len__")
"""With one of these a record is not the plain tuple of its fields."""


class NativeHandler:
    """What is done at each event, by the extension.

    Parameters
    ----------
    recording
        ``_events.Recording``.
    focus
        What it is focused on; None: it records everywhere.

    """

    def __init__(self, recording: Any, focus: FunctionSet | None) -> None:
        self.recording = recording
        self.focus = focus


class PythonHandler:
    """What is done at each event by Python code, which the extension calls.

    Parameters
    ----------
    handler
        Called with frame, event and argument.
    one_thread
        Whether they are events of the running thread only.

    """

    focus = None

    def __init__(self, handler: Handler, *, one_thread: bool) -> None:
        self.recording = EVENTS.Calls(handler, one_thread)


def counter() -> Iterator[int]:
    """Give the indexes of a monitor's events, from 0."""
    return itertools.count() if EVENTS is None else EVENTS.Counter()


def check_fields(fields: Iterable[str], clock: Callable[[], int]) -> None:
    """Check that the extension can measure what records need.

    Parameters
    ----------
    fields
        What is gathered.
    clock
        Gives the times of records.

    Raises
    ------
    NeedsPython
        If it cannot.

    """
    fields = set(fields)
    if not EVENTS.MEMORY_IS_READ and fields & MEMORY_FIELDS:
        raise NeedsPython("there is no /proc/self/statm to read the memory from")
    if clock is not time.monotonic_ns and fields & {"time_ns", "last_exit_ns"}:
        raise NeedsPython("the clock is not time.monotonic_ns")


def is_plain(record_type: Any) -> bool:
    """Tell whether records of a type are tuples of their fields, made in no way of their own.

    Parameters
    ----------
    record_type
        Type of records, or what makes them.

    Returns
    -------
    bool
        Whether it is ``tuple``, a class that ``namedtuple`` made, or one that only adds to it.

    """
    if record_type is tuple:
        return True
    if type(record_type) is not type or not issubclass(record_type, tuple):
        return False
    for base in record_type.__mro__:
        if "_field_defaults" in vars(base) and base.__bases__ == (tuple,):
            return True
        if any(name in vars(base) for name in _OWN_WAYS):
            return False
    return False


def target_of(recorder: Any, record_type: Any, fields: Sequence[str]) -> Target:
    """Give the place where the extension can put records for a recorder.

    Parameters
    ----------
    recorder
        The recorder.
    record_type
        Type of the records.
    fields
        What is gathered for each of its fields.

    Returns
    -------
    Target
        The place; it is there once the recorder is prepared.

    Raises
    ------
    NeedsPython
        If Python code must see each record.

    """
    if not _offers_target(recorder):
        kind = type(recorder).__name__
        raise NeedsPython(f"record() of the recorder, a {kind}, is called for each record")
    if not is_plain(record_type):
        name = getattr(record_type, "__name__", repr(record_type))
        raise NeedsPython(f"the record type {name} makes its records in its own way")
    target: Target = recorder.native_target(record_type, fields)
    return target


def _offers_target(recorder: Any) -> bool:
    """Whether it does so itself, and not a base whose ``record`` it overrides."""
    if "record" in getattr(recorder, "__dict__", ()):
        return False
    for base in type(recorder).__mro__:
        if "native_target" in vars(base):
            return True
        if "record" in vars(base):
            return False
    return False
