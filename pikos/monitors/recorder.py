"""What a monitor asks of a recorder."""

from __future__ import annotations

from typing import Any, Protocol


class Recorder(Protocol):
    """Where a monitor's records go; any object with these three methods.

    Threads: ``record`` is called in the thread of the event, by one thread at a time
    """

    def prepare(self, record_type: Any, /) -> None:
        """Be ready for records of a type; called once for each outermost ``enable``."""

    def record(self, record: Any, /) -> None:
        """Record one, or leave it out."""

    def finalize(self) -> None:
        """Put away what was recorded; called once for each outermost ``disable``."""
