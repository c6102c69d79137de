"""A monitor that makes a record of each event of one kind and gives it to a recorder."""

from __future__ import annotations

import math
import time
import warnings
from _thread import RLock
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from pikos.errors import HookTakenOff, RecordingStopped
from pikos.hidden import code_is_hidden, hidden_thread
from pikos.monitors import sources
from pikos.monitors.assembly import Gate, gatherer, timed
from pikos.monitors.enabled import ENABLED
from pikos.monitors.measures import MEMORY_FIELDS, Memory, SourceLines, Stopwatch
from pikos.monitors.monitor import Monitor
from pikos.monitors.native_recording import (
    NativeHandler,
    PythonHandler,
    check_fields,
    counter,
    target_of,
)
from pikos.monitors.place import level_of_the_program
from pikos.monitors.recorder import checked_recorder
from pikos.monitors.records import fields_of, record_type_of
from pikos.monitors.running_thread import running_thread
from pikos.native import EVENTS, MISSING, NeedsPython
from pikos.signals import comes_of_a_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pikos.monitors.focus import FunctionSet
    from pikos.monitors.handlers import Handler, Source
    from pikos.monitors.recorder import Recorder
    from pikos.native import Target


class EventMonitor(Monitor):
    """What all recording monitors have in common.

    Parameters
    ----------
    recorder
        Gets a record of each event; by default they are written to the screen.
    record_type
        Type of the records; its ``_fields`` say what is gathered.  Without these, as ``tuple``,
        it is called with the values of the default fields.
    fields
        Names of the fields to gather, instead of a record type; see ``records.KNOWN_FIELDS``.
    threads
        Whether all threads are monitored, or only the one that enables.
    clock
        Gives the time of records with ``time_ns``, in ns.
    memory_interval
        The memory is read at most every so many µs, else the values of before are recorded; 0:
        it is read at each event.  The field ``memory_age_ns`` says how old they are.

    Raises
    ------
    TypeError
        If the recorder is none.
    ValueError
        If a field is not known, both record type and fields are given, or the interval is
        negative.

    Threads: any; records come one at a time, in the order of their indexes
    Fork: disabled in the child, where it can be enabled again
    """

    default_record_type: ClassVar[type[Any]]
    """Type of the records unless another is asked for."""
    _seams: ClassVar[tuple[str, ...]]
    """The methods that are called for each event where they are overridden."""
    _records_callees: ClassVar[bool]
    """Whether what functions in focus call is recorded too."""

    def __init__(
        self,
        recorder: Recorder | None = None,
        record_type: Callable[..., Any] | None = None,
        *,
        fields: Iterable[str] | None = None,
        threads: bool = True,
        clock: Callable[[], int] = time.monotonic_ns,
        memory_interval: float = 0.0,
    ) -> None:
        self.recorder: Recorder = checked_recorder(recorder)
        if not 0 <= memory_interval < math.inf:
            raise ValueError(f"memory_interval is {memory_interval}: give microseconds, or 0")
        if fields is not None and record_type is not None:
            raise ValueError("give either record_type or fields, not both")
        self._memory_interval = memory_interval
        with hidden_thread():
            if fields is not None:
                record_type = record_type_of(fields)
            elif record_type is None:
                record_type = self.default_record_type
            self._assemble(record_type, clock)
        self.record_type = record_type
        self.error: Exception | None = None
        """What stopped the recording, since the last outermost ``enable``."""
        self._threads = threads
        self._switch = RLock()
        self._depth = 0
        self._source: Source | None = None
        self._handler: Handler | NativeHandler | PythonHandler | None = None
        self._mechanism = ""

    def _assemble(self, record_type: Callable[..., Any], clock: Callable[[], int]) -> None:
        self._fields = fields_of(record_type, self.default_record_type._fields)
        self._memory = Memory(self._memory_interval)
        self._clock = clock
        self._stopwatch = Stopwatch(clock)
        self._indexes = counter()
        self._gather = gatherer(
            self._fields,
            record_type,
            self._indexes,
            memory=self._memory,
            stopwatch=self._stopwatch,
            lines=SourceLines(),
        )
        self._gate = Gate()

    @property
    def mechanism(self) -> str:
        """What makes records: ``C``, or ``Python`` and the reason why it has to see each event.

        While enabled, what makes them now; else, what would.
        """
        if self._source is not None:
            return self._mechanism
        with hidden_thread():
            try:
                self._native_target()
            except NeedsPython as reason:
                return f"Python: {reason}"
        return "C"

    @property
    def _process(self) -> Any:
        """The handle of psutil of this process, while the memory is recorded; else None."""
        if self._source is not None and not MEMORY_FIELDS.isdisjoint(self._fields):
            self._memory.open()
        return self._memory.process

    @abstractmethod
    def _source_of(self, chosen: sources.Sources) -> Source:
        """Give the source of the events."""

    @abstractmethod
    def _handle(self) -> Handler:
        """Build what deals with an event."""

    def _focused_on(self) -> FunctionSet | None:
        """Give what is recorded only; None: everything is."""
        return None

    def _enter_focus(self, recording: Any) -> None:
        """Tell a recording of the extension in which functions in focus it begins."""

    def enable(self) -> None:
        """Begin to record; the first of several, nested or in other threads, does it.

        Raises
        ------
        Exception
            What the recorder raises while it prepares; then nothing is on.

        """
        with self._switch, hidden_thread():
            self._depth += 1
            if self._depth > 1:
                if self._source is not None and self._threads:
                    self._source.reach()
                return
            try:
                self._start()
            except BaseException:
                self._depth = 0
                raise

    def disable(self) -> None:
        """Record no more; as many as there were ``enable`` do it, one too many does nothing.

        Warns
        -----
        RecordingStopped
            If the recorder or its filter failed.

        """
        with self._switch, hidden_thread():
            if self._depth != 1:
                self._depth = max(self._depth - 1, 0)
                return
            self._depth = 0
            self._stop()

    def _start(self) -> None:
        self.error = None
        prepared = False
        self._gate = Gate()
        try:
            self.recorder.prepare(self.record_type)
            prepared = True
            ENABLED.add(self)
            self._stopwatch.begin()
            thread = None if self._threads else running_thread()
            try:
                self._handler = self._native_handler(self._native_target())
                self._mechanism, chosen = "C", sources.native()
            except NeedsPython as reason:
                self._handler, chosen = self._python_handler()
                self._mechanism = f"Python: {reason}"
            self._source = self._source_of(chosen)
            self._source.add(self._handler, thread)
        except BaseException:
            self._leave()
            if prepared:
                self.recorder.finalize()
            raise

    def _python_handler(self) -> tuple[Handler | PythonHandler, sources.Sources]:
        """Have Python code deal with events; also where its events come from."""
        if not MEMORY_FIELDS.isdisjoint(self._fields):
            self._memory.open()
        handler = self._gate.handler(self._handle(), self._fail)
        if not {"time_ns", "last_exit_ns"}.isdisjoint(self._fields):
            handler = timed(handler, self._stopwatch)
        if sources.native_is_chosen():
            one_thread = not self._threads
            return PythonHandler(handler, one_thread=one_thread), sources.native()
        return handler, sources.chosen()

    def _native_target(self) -> Target:
        """Give where the extension puts records, or raise NeedsPython."""
        if not sources.native_is_chosen():
            raise NeedsPython(MISSING)
        for name in self._seams:
            if self._is_overridden(name):
                raise NeedsPython(f"{name}() is overridden, and called for each event")
        check_fields(self._fields, self._clock)
        return target_of(self.recorder, self.record_type, self._fields)

    def _native_handler(self, target: Target) -> NativeHandler:
        """Have the extension deal with events."""
        focus = self._focused_on()
        recording = EVENTS.Recording(
            EVENTS.Layout(self.record_type, self._fields),
            self._indexes,
            target.place,
            self._fail_natively,
            format=target.text_format,
            plan=target.plan,
            focus=None if focus is None else focus.idents,
            inside=self._records_callees,
            one_thread=not self._threads,
            memory_interval_ns=int(self._memory_interval * 1000),
        )
        self._enter_focus(recording)
        return NativeHandler(recording, focus)

    def _stop(self) -> None:
        error: Exception | None = None
        try:
            if not self._take_off():
                error = HookTakenOff()
            self._shut()
            self.recorder.finalize()
        except Exception as failure:
            if comes_of_a_signal(failure):
                raise
            error = failure  # told below: it must not break the program
        finally:
            self._leave()
        self.error = self.error or error
        if self.error is not None:
            warnings.warn(
                RecordingStopped(type(self).__name__, self.error),
                stacklevel=level_of_the_program(),
            )

    def _leave(self) -> None:
        self._gate.open = False
        if isinstance(self._handler, NativeHandler):
            self._handler.recording.shut()
        self._memory.close()
        self._source = self._handler = None
        ENABLED.discard(self)

    def _take_off(self) -> bool:
        if self._source is None or self._handler is None:
            return True
        return self._source.remove(self._handler)

    def _shut(self) -> None:
        if isinstance(self._handler, NativeHandler):
            self._handler.recording.shut()
        else:
            self._gate.shut()

    def _fail_natively(self, error: Exception) -> None:
        self._shut()
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.error = error
        self._take_off()

    def at_exit(self) -> None:
        """Disable, however often it is enabled: the interpreter ends."""
        with self._switch:
            if self._depth:
                self._depth = 1
                self.disable()

    def after_fork(self) -> None:
        """Be disabled, in a child process; the recorder's data are the parent's."""
        self._switch = RLock()
        self._depth = 0
        if self._source is not None:
            self._source.after_fork()
        self._leave()

    def _is_overridden(self, name: str) -> bool:
        """Tell whether a method is not Pikos's own."""
        homes = (self, *type(self).__mro__)
        methods = [vars(home)[name] for home in homes if name in getattr(home, "__dict__", ())]
        codes = [getattr(method, "__code__", None) for method in methods]
        return any(code is None or not code_is_hidden(code) for code in codes)
