"""What this process says of itself when it begins to publish."""

from __future__ import annotations

import os
import sys

import pikos

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
        "host": _host(),
        "argv": list(getattr(sys, "argv", ())),  # an embedding program may set none
        "executable": sys.executable,
        "python": sys.version.split(maxsplit=1)[0],
        "interval_ns": round(interval_s * 1e9),
        "started_unix_ns": started_unix_ns,
    }


def _host() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # noqa: PLC0415 - slow, and not needed elsewhere

    return socket.gethostname()
