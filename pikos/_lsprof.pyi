"""Types of the extension; what things mean is said in the extension's own docstrings."""

from collections.abc import Callable
from types import CodeType
from typing import Any, Literal, NamedTuple, TypedDict, TypeVar, TypeVarTuple

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")

class Libzmq(TypedDict):
    how: Literal["linked", "bound", "unbound"]
    version: str | None
    path: str | None
    curve: bool

class BuiltWith(TypedDict):
    compiler: str
    libzmq: str | None

class Publishing(TypedDict):
    endpoint: str
    viewers: bool
    sequence: int
    messages: int
    walks: int
    walk_ns: int
    publisher_ns: int
    send_failures: int

class ThreadFacts(TypedDict):
    id: int
    ident: int
    native_id: int
    name: str
    alive: bool
    threads: int
    open: int

class profiler_subentry(NamedTuple):
    code: CodeType | str
    callcount: int
    reccallcount: int
    totaltime: float
    inlinetime: float
    @property
    def resumecount(self) -> int: ...

class profiler_entry(NamedTuple):
    code: CodeType | str
    callcount: int
    reccallcount: int
    totaltime: float
    inlinetime: float
    calls: list[profiler_subentry] | None
    @property
    def resumecount(self) -> int: ...

class Profiler:
    def __init__(
        self,
        timer: Callable[[], float] | None = None,
        timeunit: float | None = 0.0,
        subcalls: bool = True,
        builtins: bool = True,
        *,
        threads: bool = True,
        clock: str = "wall",
        contexts: int = 0,
        depth: int = 0,
    ) -> None: ...
    keeps_events: bool
    @property
    def enabled(self) -> bool: ...
    @property
    def events_taken(self) -> bool: ...
    def enable(self, subcalls: bool | None = None, builtins: bool | None = None) -> None: ...
    def disable(self) -> None: ...
    def execute(
        self, function: Callable[[*_Arguments], _Result], /, *args: *_Arguments
    ) -> _Result: ...
    def clear(self) -> None: ...
    def note_started(self, count: int, /) -> None: ...
    def getstats(self) -> list[profiler_entry]: ...
    def thread_stats(self) -> list[tuple[ThreadFacts, list[profiler_entry]]]: ...
    def start_publishing(
        self,
        endpoint: str,
        interval_s: float,
        hello: bytes,
        stream: bytes,
        server_secret: str | None = None,
        clients: tuple[str, ...] = (),
        ledger: bytes | None = None,
    ) -> str: ...
    def stop_publishing(self, reason: str, deadline_s: float = 0.25) -> None: ...
    def publishing(self) -> Publishing | None: ...
    def wait_for_viewer(self, timeout_s: float, /) -> bool: ...
    def pause_publishing(self) -> None: ...
    def resume_publishing(self) -> None: ...
    def forget_publishing(self) -> None: ...

TABLES_JSON: str

def look_alike(original: Callable[..., object], instead: Callable[..., object], /) -> Any: ...
def watch_forks(
    pause: Callable[[], object], resume: Callable[[], object], forget: Callable[[], object], /
) -> None: ...
def arm_watchdog(command: tuple[bytes, ...], /) -> None: ...
def cover_signal(number: int, /) -> None: ...
def disarm_watchdog() -> None: ...
def bind_libzmq(path: str | None, /) -> None: ...
def libzmq() -> Libzmq: ...
def clock() -> tuple[str, str]: ...
def mechanism() -> tuple[str, str]: ...
def active() -> Profiler | None: ...
def built_with() -> BuiltWith: ...
def hide(directory: str, /) -> None: ...
