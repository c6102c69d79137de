"""What a monitor asks of a recorder."""

from __future__ import annotations

from typing import Any, Protocol

from pikos.hidden import hidden_thread


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


def checked_recorder(recorder: Any) -> Any:
    """Return a monitor's recorder, that of the screen if it is None.

    Raises
    ------
    TypeError
        If it is none.

    """
    if recorder is None:
        with hidden_thread():
            from pikos.recorders.text_stream_recorder import (  # noqa: PLC0415 - most are given one
                screen_recorder,
            )

            return screen_recorder()
    if isinstance(recorder, type):
        raise TypeError(f"recorder is the class {recorder.__name__}: give an instance of it")
    for name in ("prepare", "record", "finalize"):
        if not callable(getattr(recorder, name, None)):
            raise TypeError(
                f"recorder is {recorder!r}, which has no {name}(): give a recorder, such as "
                "csv_file('records.csv') or screen()"
            )
    return recorder
