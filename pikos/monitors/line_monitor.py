"""The monitor of lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pikos.monitors.event_monitor import EventMonitor
from pikos.monitors.records import LineRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pikos.monitors.focus import FunctionSet
    from pikos.monitors.handlers import Handler, Source
    from pikos.monitors.sources import Sources


class LineMonitor(EventMonitor):
    """Record each line that is about to run, those of functions that already run too.

    See ``EventMonitor`` for the parameters.  A subclass may override ``gather_info`` and
    ``on_line_event``; they are called for each line then.
    """

    default_record_type: ClassVar[type[Any]] = LineRecord
    _seams = ("on_line_event", "gather_info")
    _records_callees = False
    _focus: FunctionSet | None = None

    def on_line_event(self, frame: FrameType, why: str, _arg: Any) -> Callable[..., Any]:
        """Record an event if it is a line.

        Parameters
        ----------
        frame
            Where it happens.
        why
            ``line``; all else is not recorded.

        Returns
        -------
        callable
            This method, as a trace function does.

        """
        if why == "line":
            self.recorder.record(self.gather_info(frame))
        return self.on_line_event

    def gather_info(self, frame: FrameType) -> Any:
        """Make the record of the line that a frame is at, which takes the next index.

        Parameters
        ----------
        frame
            About to run the line.

        Returns
        -------
        record
            Of the monitor's record type.

        """
        return self._gather(frame, "line", None)

    def _source_of(self, chosen: Sources) -> Source:
        return chosen.lines

    def _focused_on(self) -> FunctionSet | None:
        return self._focus

    def _handle(self) -> Handler:
        if self._is_overridden("on_line_event"):
            return self.on_line_event
        record = self.recorder.record
        gather = self._gather
        if self._is_overridden("gather_info"):
            overridden = self.gather_info

            def gather(frame: FrameType, _event: str, _arg: Any) -> Any:
                return overridden(frame)

        focus = self._focus
        if focus is None:
            return lambda frame, event, arg: record(gather(frame, event, arg))

        def handle(frame: FrameType, event: str, arg: Any) -> None:
            if id(frame.f_code) in focus.idents:
                record(gather(frame, event, arg))

        return handle
