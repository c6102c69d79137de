"""What a real-time profiler says of itself when it begins to publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.publishing.hello import facts_of_process
from pikos.wire.hello import hello_json

if TYPE_CHECKING:
    from types import ModuleType


def hello_of_profiler(
    extension: ModuleType,
    *,
    clock: str,
    interval_s: float,
    threads: bool,
    builtins: bool,
    started_unix_ns: int,
) -> bytes:
    """Write the hello of a profiler's session.

    Parameters
    ----------
    extension
        The module ``pikos._lsprof``.
    clock
        What the times are of: ``"wall"``, or any other name, which is told as it is.
    interval_s
        Seconds between two looks at the statistics.
    threads
        Whether all threads are counted.
    builtins
        Whether calls of built-in functions are counted.
    started_unix_ns
        When the session begins, ns since 1970.

    Returns
    -------
    bytes
        JSON.

    """
    return hello_json(
        {
            **facts_of_process(interval_s=interval_s, started_unix_ns=started_unix_ns),
            "clock": extension.clock()[0] if clock == "wall" else clock,
            "mechanism": extension.mechanism()[0],
            "threads": threads,
            "builtins": builtins,
        }
    )
