"""Types of the monitors' event source in C."""

from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TextIO, final

FIELDS: tuple[str, ...]
MEMORY_IS_READ: bool
function_callbacks: dict[str, Callable[..., object]]
line_callbacks: dict[str, Callable[..., object]]

@final
class Counter:
    def __iter__(self) -> Iterator[int]: ...
    def __next__(self) -> int: ...

@final
class Layout:
    def __new__(cls, record_type: type[Any], fields: tuple[str, ...]) -> Layout: ...

@final
class Format:
    def __new__(
        cls,
        pieces: Callable[..., tuple[bytes, ...]],
        cell: Callable[[str], bytes],
        spaces: tuple[tuple[str, int], ...],
    ) -> Format: ...

@final
class Rows:
    def __new__(cls, limit: int = 0) -> Rows: ...
    def __len__(self) -> int: ...
    def take(self) -> list[Any]: ...
    def take_dropped(self) -> int: ...
    def clear(self) -> None: ...

@final
class TextFile:
    dropped: int
    def __new__(
        cls,
        target: int | TextIO,
        wake: Callable[[], object],
        drop: bool = False,
        each: bool = False,
        spare: int = -1,
    ) -> TextFile: ...
    @property
    def closed(self) -> bool: ...
    def write(self, text: str, /) -> int: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...
    def hold(self) -> None: ...
    def release(self) -> None: ...
    def discard(self) -> None: ...
    def fileno(self) -> int: ...

@final
class Recording:
    focus: frozenset[int] | None
    def __new__(
        cls,
        layout: Layout,
        counter: Counter,
        target: Rows | TextFile,
        fail: Callable[[BaseException], bool],
        *,
        format: Format | None = None,  # noqa: A002 - a keyword of C code
        plan: tuple[Any, ...] | None = None,
        focus: frozenset[int] | None = None,
        inside: bool = False,
        thread: int | None = None,
        memory_interval_ns: int = 0,
    ) -> Recording: ...
    def shut(self) -> None: ...
    def enter(self, frames: list[FrameType], /) -> None: ...

def listen(functions: tuple[Recording, ...], lines: tuple[Recording, ...], /) -> None: ...
def configure(
    directory: str,
    hidden: dict[int, int],
    threads: dict[int, Any],
    read_source: Callable[[str, dict[str, Any] | None], list[str]],
    no_source: str,
) -> None: ...
def set_hook(lines: bool, everywhere: bool, /) -> None: ...
def take_hooks_off(lines: bool, /) -> None: ...
