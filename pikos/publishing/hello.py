"""What this process says of itself when it begins to publish."""

from __future__ import annotations

import os
import platform
import socket
import sys
from typing import Any

import pikos


def facts_of_process(*, interval_s: float, started_unix_ns: int) -> dict[str, Any]:
    """Collect what the hello of any session of this process says.

    Parameters
    ----------
    interval_s
        Seconds between two messages.
    started_unix_ns
        When the session begins, ns since 1970.

    Returns
    -------
    dict
        Facts of ``wire.hello.FACTS``.

    """
    return {
        "pikos": pikos.__version__,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "argv": list(getattr(sys, "argv", ())),  # an embedding program may set none
        "executable": sys.executable,
        "python": platform.python_version(),
        "interval_ns": round(interval_s * 1e9),
        "started_unix_ns": started_unix_ns,
    }
