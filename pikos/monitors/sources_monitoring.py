"""Function and line events by ``sys.monitoring`` (Python 3.12 and later).

The events are those of ``sys.setprofile`` and ``sys.settrace``, one by one:

* A function's start, resume and throw are its calls; return, yield and unwind its returns.
* A call of a built-in function is a C call; so is one of a built-in type's method that is given
  an instance of the type.  Calls of types are not.
* A jump back within a line runs the line again.
* The start of a function is asked for by lines too, though nothing is done at it: without it
  Python 3.13 leaves out the line of a function whose body is on the line of its ``def``.

The interpreter delivers no events while a callback runs, in the thread that runs it.

What was asked for is kept for a second after it was last needed, for a monitor that is attached to
a function comes again at once: each change makes the interpreter look at all code anew, and there
are 2**24 of them.  The first event after that second, which finds nobody who listens, lets go.
"""

from __future__ import annotations

import sys
import time
from _thread import RLock, get_ident
from types import BuiltinFunctionType, FrameType, MethodDescriptorType
from typing import TYPE_CHECKING, Any

from pikos.hidden import THREADS
from pikos.monitors.enabled import ENABLED
from pikos.monitors.handlers import Handler, Handlers
from pikos.monitors.per_code import PerCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

_TOOL_IDS = (3, 4, 5, 1, 0)  # never 2, which is cProfile's
_ALONE = frozenset({"pikos", "pikos-events", "pikos-monitors", None})
"""The holders of ids where Pikos is the only tool."""
_KEPT_S = 1.0


class MonitoringTool:
    """The tool that all monitors share: held while anybody listens, and a second longer.

    While another tool is there the id is held on, without events: a new one would have to be
    cleared of what its last holder disabled, and that arms what the other tool has disabled.

    Threads: any; the events of all threads and of all frames that already run are seen
    """

    name = "pikos-monitors"
    """What the tool is called."""
    disables = False
    """Whether its callbacks disable events in some places."""

    def __init__(self) -> None:
        self._monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        self._lock = RLock()
        self._id: int | None = None
        self._asked = 0
        self._changed_s = 0.0
        self._ends = False
        functions, lines = Handlers(self.let_go_if_idle), Handlers(self.let_go_if_idle)
        function_callbacks, line_callbacks = self._make_callbacks(functions, lines)
        self._callbacks = line_callbacks | function_callbacks
        events = self._monitoring.events
        after_a_call = events.C_RETURN | events.C_RAISE  # these come with CALL
        self.functions = MonitoringSource(self, functions, sum(function_callbacks) & ~after_a_call)
        self.lines = MonitoringSource(self, lines, sum(line_callbacks))

    def _make_callbacks(
        self, functions: Handlers, lines: Handlers
    ) -> tuple[dict[int, Callable[..., object]], dict[int, Callable[..., object]]]:
        """Give what is called for each function event, and for lines."""
        return (
            _function_callbacks(self._monitoring, functions),
            _line_callbacks(self._monitoring.events, lines),
        )

    def change(self, change: Callable[[], None]) -> None:
        """Change the handlers, then ask for the events that they need.

        Raises
        ------
        ValueError
            If other tools hold all ids; then nothing has changed.

        """
        with self._lock:
            self._changed_s = time.monotonic()
            before = self.functions.handlers.entries, self.lines.handlers.entries
            change()
            try:
                self._ask(keep=not self._ends)
            except BaseException:
                self.functions.handlers.entries, self.lines.handlers.entries = before
                raise

    def let_go_if_idle(self) -> None:
        """Ask for what is needed only, if that has not changed for a second."""
        if get_ident() in THREADS or not self._lock.acquire(blocking=False):
            return
        try:
            if time.monotonic() - self._changed_s >= _KEPT_S:
                self._ask(keep=False)
        finally:
            self._lock.release()

    def let_go(self) -> None:
        """Ask for what is needed only."""
        with self._lock:
            self._ask(keep=False)

    def _ask(self, *, keep: bool) -> None:
        needed = self.functions.handlers.entries or self.lines.handlers.entries
        if needed:
            self._hold()
        if self._id is None:
            return
        wanted = self._wanted() | (self._asked if keep else 0)
        if wanted != self._asked:
            self._monitoring.set_events(self._id, wanted)
            self._asked = wanted
        self._ask_in_places(self._id, keep=keep)
        if not needed and not keep:
            self._give_up(self._id)

    def is_whole(self) -> bool:
        """Tell whether the events are on that were asked for."""
        if self._id is None:
            return True
        monitoring = self._monitoring
        if monitoring.get_tool(self._id) != self.name:
            return False
        events: int = monitoring.get_events(self._id)
        return events == self._asked

    def _wanted(self) -> int:
        """Give the events that are needed in all code, as a bit set."""
        return self.functions.wanted | self.lines.wanted

    def _ask_in_places(self, ident: int, *, keep: bool) -> None:
        """Ask for the events that are needed in some code only: there are none."""

    def _hold(self) -> None:
        """Have an id, and know what it is asked for: the program may have changed either."""
        ENABLED.add(self)
        if not self._is_held():
            self._id = None
            self._id = self._claim()
        self._asked = self._monitoring.get_events(self._id)

    def _is_held(self) -> bool:
        return self._id is not None and self._monitoring.get_tool(self._id) == self.name

    def _claim(self) -> int:
        monitoring = self._monitoring
        for ident in _TOOL_IDS:
            if monitoring.get_tool(ident) is None:
                monitoring.use_tool_id(ident, self.name)
                for event, callback in self._callbacks.items():
                    monitoring.register_callback(ident, event, callback)
                monitoring.restart_events()  # a holder before may have disabled some for this id
                return ident
        holders = ", ".join(f"{ident} by {monitoring.get_tool(ident)}" for ident in _TOOL_IDS)
        raise ValueError(
            f"all tool ids of sys.monitoring are held ({holders}): stop one of these tools, "
            "then enable the monitor"
        )

    def _give_up(self, ident: int) -> None:
        if not self._is_held():
            self._id = None
            return
        if not self._ends and not {*map(self._monitoring.get_tool, range(6))} <= _ALONE:
            return
        for event in self._callbacks:
            self._monitoring.register_callback(ident, event, None)
        self._monitoring.free_tool_id(ident)
        self._id = None
        if self.disables:
            self._monitoring.restart_events()  # the next holder is to be told of all

    def at_exit(self) -> None:
        """Let go at once, now and whenever a monitor is disabled from now on."""
        self._ends = True
        self.let_go()

    def after_fork(self) -> None:
        """Begin anew in a child process, with no handlers and a lock that is free."""
        self._lock = RLock()
        self.functions.handlers.clear()
        self.lines.handlers.clear()
        self._ask(keep=False)


class MonitoringSource:
    """One kind of event; see ``handlers.Source``."""

    def __init__(self, tool: MonitoringTool, handlers: Handlers, events: int) -> None:
        self._tool = tool
        self.events = events
        self.handlers = handlers

    @property
    def wanted(self) -> int:
        """The events that must be asked for now, as a bit set."""
        return self.events if self.handlers.entries else 0

    def add(self, handler: Handler, thread: int | None = None) -> None:
        """Tell handler of every event from now on."""
        self._tool.change(lambda: self.handlers.add(handler, thread))

    def remove(self, handler: Handler) -> bool:
        """Tell handler no more, and whether no other tool took our events away."""
        whole = self._tool.is_whole()
        self._tool.change(lambda: self.handlers.remove(handler))
        return whole

    def reach(self) -> None:
        """See the running thread: all threads are seen."""

    def after_fork(self) -> None:
        """Begin anew in a child process."""
        self._tool.after_fork()


def _function_callbacks(monitoring: Any, handlers: Handlers) -> dict[int, Callable[..., object]]:
    tell = handlers.tell
    frame_of = sys._getframe  # noqa: SLF001 - the documented way to the frame of an event
    missing = monitoring.MISSING

    def begins(_code: CodeType, _offset: int, _error: object = None) -> None:
        tell(frame_of(1), "call", None)

    def ends(_code: CodeType, _offset: int, value: object) -> None:
        tell(frame_of(1), "return", value)

    def unwinds(_code: CodeType, _offset: int, _error: BaseException) -> None:
        tell(frame_of(1), "return", None)

    def is_built_in(function: object, first: object) -> bool:
        if isinstance(function, BuiltinFunctionType):
            return True
        return (
            isinstance(function, MethodDescriptorType)
            and first is not missing
            and isinstance(first, function.__objclass__)
        )

    def built_in(event: str) -> Callable[..., None]:
        def happens(_code: CodeType, _offset: int, function: object, first: object) -> None:
            if is_built_in(function, first):
                tell(frame_of(1), event, function)

        return happens

    events = monitoring.events
    return {
        events.PY_START: begins,
        events.PY_RESUME: begins,
        events.PY_THROW: begins,
        events.PY_RETURN: ends,
        events.PY_YIELD: ends,
        events.PY_UNWIND: unwinds,
        events.CALL: built_in("c_call"),
        events.C_RETURN: built_in("c_return"),
        events.C_RAISE: built_in("c_exception"),
    }


def _line_callbacks(events: Any, handlers: Handlers) -> dict[int, Callable[..., object]]:
    tell = handlers.tell
    frame_of = sys._getframe  # noqa: SLF001 - as above
    lines = PerCode(_line_of_each_instruction)

    def line(_code: CodeType, _number: int) -> None:
        tell(frame_of(1), "line", None)

    def jump(_code: CodeType, source: int, destination: int) -> None:
        if destination > source:
            return
        frame = frame_of(1)
        line_of = lines.of(frame)
        number = line_of[source // 2]
        if number is not None and number == line_of[destination // 2]:
            tell(frame, "line", None)

    def start(_code: CodeType, _offset: int) -> None:
        pass

    return {events.LINE: line, events.JUMP: jump, events.PY_START: start}


def _line_of_each_instruction(frame: FrameType) -> list[int | None]:
    code = frame.f_code
    line_of: list[int | None] = [None] * (len(code.co_code) // 2)
    for start, end, number in code.co_lines():
        line_of[start // 2 : end // 2] = [number] * ((end - start) // 2)
    return line_of
