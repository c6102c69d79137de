"""What this process says of itself when it begins to publish."""

from __future__ import annotations

import os
import platform
import socket
import sys
from typing import TYPE_CHECKING

import pikos
from pikos.wire.hello import hello_json

if TYPE_CHECKING:
    from types import ModuleType


def hello_of_process(
    extension: ModuleType, *, clock: str, interval_s: float, threads: bool, started_unix_ns: int
) -> bytes:
    """Write the hello of a session of this process.

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
    started_unix_ns
        When the session begins, ns since 1970.

    Returns
    -------
    bytes
        JSON.

    """
    return hello_json(
        {
            "pikos": pikos.__version__,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "argv": list(getattr(sys, "argv", ())),  # an embedding program may set none
            "executable": sys.executable,
            "python": platform.python_version(),
            "clock": extension.clock()[0] if clock == "wall" else clock,
            "interval_ns": round(interval_s * 1e9),
            "started_unix_ns": started_unix_ns,
            "mechanism": extension.mechanism()[0],
            "threads": threads,
        }
    )
