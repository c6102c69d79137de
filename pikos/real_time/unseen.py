"""Calls that a profiler makes of built-ins for itself and leaves out of what it counts.

Its Python functions are hidden by their file; a built-in would be counted for the function of
the program above them.  Only direct calls of built-ins are events, so these are not direct.
"""

from __future__ import annotations

# What functools and threading are made of, which the profiled program may not have imported.
from _functools import partial  # type: ignore[import-not-found]  # it has no stub
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    Parameters = ParamSpec("Parameters")
    Result = TypeVar("Result")


def unseen(
    function: Callable[Parameters, Result],
    *args: Parameters.args,
    **keywords: Parameters.kwargs,
) -> Result:
    """Call a built-in that is not to be counted."""
    result: Result = partial(function, *args, **keywords)()
    return result


class UnseenLock:
    """A reentrant lock whose use is not counted."""

    def __init__(self) -> None:
        self.lock = RLock()
        """The interpreter's own."""

    def acquire(self, timeout_s: float = -1.0) -> bool:
        """Wait for the lock, without end if the time is negative; whether it was taken."""
        return unseen(self.lock.acquire, timeout=timeout_s)

    def release(self) -> None:
        """Give the lock up."""
        unseen(self.lock.release)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *failure: object) -> None:
        self.release()
