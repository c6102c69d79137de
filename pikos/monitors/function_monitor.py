"""The monitor of function events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pikos.monitors.event_monitor import EventMonitor
from pikos.monitors.records import FunctionRecord

if TYPE_CHECKING:
    from types import FrameType

    from pikos.monitors.handlers import Handler, Source
    from pikos.monitors.inside import Inside
    from pikos.monitors.sources import Sources


class FunctionMonitor(EventMonitor):
    """Record each call and return of functions, Python's and built-in ones.

    See ``EventMonitor`` for the parameters.  A subclass may override ``gather_info`` and
    ``on_function_event``; they are called for each event then.
    """

    default_record_type: ClassVar[type[Any]] = FunctionRecord
    _seams = ("on_function_event", "gather_info")
    _records_callees = True
    _inside: Inside | None = None

    def on_function_event(self, frame: FrameType, event: str, arg: Any) -> None:
        """Record a function event.

        Parameters
        ----------
        frame
            Where it happens.
        event
            ``call``, ``return``, ``c_call``, ``c_return`` or ``c_exception``.
        arg
            The built-in function of a ``c_`` event, the value of a ``return``.

        """
        self.recorder.record(self.gather_info(frame, event, arg))

    def gather_info(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Make the record of an event, which takes the next index.

        Parameters
        ----------
        frame, event, arg
            As for ``on_function_event``.

        Returns
        -------
        record
            Of the monitor's record type.

        """
        return self._gather(frame, event, arg)

    def _source_of(self, chosen: Sources) -> Source:
        return chosen.functions

    def _handle(self) -> Handler:
        if self._is_overridden("on_function_event"):
            return self.on_function_event
        record = self.recorder.record
        gather = self.gather_info if self._is_overridden("gather_info") else self._gather
        if self._inside is None:
            return lambda frame, event, arg: record(gather(frame, event, arg))
        is_inside = self._inside.of

        def handle(frame: FrameType, event: str, arg: Any) -> None:
            if is_inside(frame, event):
                record(gather(frame, event, arg))

        return handle
