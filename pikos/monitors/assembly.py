"""One closure out of the parts of a monitor: what to gather, and what to do at an event."""

from __future__ import annotations

import sys
from _thread import RLock
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pikos.monitors.file_names import NAMES
from pikos.monitors.measures import thread_of
from pikos.native import EVENTS
from pikos.signals import comes_of_a_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from pikos.monitors.handlers import Handler
    from pikos.monitors.measures import Memory, SourceLines, Stopwatch

_ALWAYS = ("index", "type", "function", "lineNo", "filename")
_C_EVENTS = frozenset({"c_call", "c_return", "c_exception"})

PATIENCE_S = 1.0
"""How long an event waits while no other is recorded, in seconds; then it is recorded out of order.

Waiting longer could be a deadlock: the program may hold a lock that the recorder needs.
"""

_ROOM = 60
"""How many calls below the limit of recursion a recorder may fail because of the program."""


def gatherer(
    fields: tuple[str, ...],
    record_type: Callable[..., Any],
    indexes: Iterator[int],
    *,
    memory: Memory,
    stopwatch: Stopwatch,
    lines: SourceLines,
) -> Callable[[FrameType, str, Any], Any]:
    """Build what makes the record of an event; only what the fields need is measured.

    Parameters
    ----------
    fields
        Names out of ``records.KNOWN_FIELDS``.
    record_type
        Called with the values of the fields; ``tuple`` gives a plain tuple of them.
    indexes
        Gives each event its index.
    memory, stopwatch, lines
        Read where a field needs them.

    Returns
    -------
    callable
        Called with frame, event and argument.

    """
    names = list(_ALWAYS)
    reads: list[Callable[[FrameType], tuple[Any, ...]]] = []
    for group, read in (
        (("time_ns", "last_exit_ns"), stopwatch.read),
        (("RSS", "VMS", "memory_age_ns"), memory.read),
        (("thread_id", "thread_name"), thread_of),
        (("line",), lines.read),
    ):
        if not set(fields).isdisjoint(group):
            names += group
            reads.append(read)
    positions = [names.index(name) for name in fields]
    pick = itemgetter(*positions)
    plain = record_type is tuple
    if len(positions) == 1:
        pick_one, pick = pick, lambda values: (pick_one(values),)  # type: ignore[assignment]

    named = NAMES.get

    def gather(frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        file = code.co_filename
        name = arg.__name__ if event in _C_EVENTS else code.co_name
        measured: tuple[Any, ...] = ()
        for read in reads:
            measured += read(frame)
        values: tuple[Any, ...] = pick(
            (next(indexes), event, name, frame.f_lineno, named(file, file), *measured)
        )
        return values if plain else record_type(*values)

    return gather


class Gate:
    """What is between the events and the recorder: one passes at a time, none once it is shut."""

    def __init__(self) -> None:
        self._lock = RLock()
        self.open = True

    def shut(self) -> None:
        """Let no event pass from now on, and wait (not for long) for the one that is passing."""
        passed = self._lock.acquire(timeout=PATIENCE_S)
        self.open = False
        if passed:
            self._lock.release()

    def handler(self, handle: Handler, fail: Callable[[Exception], None]) -> Handler:
        """Build the handler that lets handle deal with each event.

        Parameters
        ----------
        handle
            Deals with an event; what it gives is ignored.
        fail
            Given an exception out of it, unless a signal handler of the program raised it: that
            goes to the program.  An event at which the program is at its limit of recursion is
            not recorded where the recorder meets the limit.

        """
        acquire, release = self._lock.acquire, self._lock.release
        patience_s = PATIENCE_S
        passed = 0  # how many events have passed in order
        stuck_at = -1  # the value of passed when an event waited in vain

        def pass_on(frame: FrameType, event: str, arg: Any) -> None:
            nonlocal passed, stuck_at
            try:
                before = passed
                while not acquire(timeout=0.0 if before == stuck_at else patience_s):
                    if before == passed:
                        stuck_at = before  # the next events do not wait for the same one again
                        break
                    before = passed  # the lock is not fair: others were quicker, so wait on
                else:
                    passed += 1
                if self.open:
                    handle(frame, event, arg)
            except Exception as error:
                if comes_of_a_signal(error):
                    raise
                if not is_at_the_limit(error, frame):
                    self.open = False
                    fail(error)
            finally:
                # No flag says whether it was acquired: a signal could come before it was set.
                try:  # noqa: SIM105 - suppress() would be two more calls for each event
                    release()
                except RuntimeError:
                    pass

        return pass_on


def timed(handler: Handler, stopwatch: Stopwatch) -> Handler:
    """Have the stopwatch note when handler is called and when it is done."""

    def watched(frame: FrameType, event: str, arg: Any) -> None:
        stopwatch.enter()
        try:
            handler(frame, event, arg)
        finally:
            stopwatch.leave()

    return watched


def is_at_the_limit(error: Exception, frame: FrameType | None) -> bool:
    """Tell whether a recorder or filter failed because the program is at its limit of recursion.

    Parameters
    ----------
    error
        Just caught.
    frame
        The frame of the event.

    Returns
    -------
    bool
        Whether any call at that depth would have failed.

    """
    if not isinstance(error, RecursionError):
        return False
    return (EVENTS is not None and EVENTS.room_is_short()) or _is_deep(frame)


def _is_deep(frame: FrameType | None) -> bool:
    room = sys.getrecursionlimit() - _ROOM
    while frame is not None and room > 0:
        room -= 1
        frame = frame.f_back
    return room <= 0
