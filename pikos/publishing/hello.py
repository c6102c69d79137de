"""What this process says of itself when it begins to publish."""

from __future__ import annotations

import os
import sys

import pikos

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_TEXT = "-c"
_TEXT_MAX = 40
"""Characters of a program's text that are shown, where it is all that there is to name it."""

_names: dict[str, str] = {}
"""What to show in the place of an argument 0 that names no program."""


def name_module(name: str, *arguments0: str) -> None:
    """Have a module's own name shown where argument 0 would be its path, or just ``-m``.

    Parameters
    ----------
    name
        The module.
    *arguments0
        What argument 0 is for it.

    """
    _names.update(dict.fromkeys(arguments0, name))


def name_text(text: str) -> None:
    """Have the first words of a program that was given as text shown with its ``-c``."""
    words = " ".join(text[: 4 * _TEXT_MAX].split())
    shown = words if len(words) <= _TEXT_MAX else f"{words[: _TEXT_MAX - 1]}…"
    _names[_TEXT] = f'{_TEXT} "{shown}"'


def _shown_arguments() -> list[str]:
    """``sys.argv`` with a name for the program."""
    arguments = list(getattr(sys, "argv", ()))  # an embedding program may set none
    if arguments[:1] == [_TEXT] and _TEXT not in _names:
        given = sys.orig_argv[-len(arguments) - 1 :]
        if given[:1] == [_TEXT]:
            name_text(given[1])
    return [_names.get(word, word) for word in arguments[:1]] + arguments[1:]


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
        "argv": _shown_arguments(),
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
