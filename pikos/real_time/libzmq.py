"""Find the libzmq that the extension binds to when it was not linked with one."""

from __future__ import annotations

import os
import sys

from pikos.errors import LibzmqUnusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_WHEEL_PLACES = (
    ("pyzmq.libs", ".so"),
    (os.path.join("zmq", ".dylibs"), ".dylib"),
    ("zmq", ".so"),
    ("zmq", ".dylib"),
    ("pyzmq.libs", ".dll"),
    ("zmq", ".dll"),
)
"""Directories beside pyzmq's modules, and what the name of the library in them has."""


def libzmq_path() -> str | None:
    """Return the libzmq inside the installed pyzmq, else the system's, else None.

    pyzmq is looked for, not imported: the profiled program may not want it.
    """
    return _in_wheel() or _of_system()


def bind_libzmq(extension: ModuleType) -> None:
    """Give the extension a libzmq, unless it has one.

    Parameters
    ----------
    extension
        The module ``pikos._lsprof``.

    Raises
    ------
    LibzmqUnusable
        If none is found, or the one that is found cannot be used.

    """
    if extension.libzmq()["how"] != "unbound":
        return
    path = libzmq_path()
    if path is None:
        raise LibzmqUnusable(None, "neither in the installed pyzmq nor on the system")
    try:
        extension.bind_libzmq(path)
    except OSError as error:
        raise LibzmqUnusable(path, str(error)) from error


def _in_wheel() -> str | None:
    specs = (finder.find_spec("zmq", None) for finder in sys.meta_path)
    origin = next((spec.origin for spec in specs if spec is not None), None)
    if origin is None:
        return None
    site = os.path.dirname(os.path.dirname(origin))
    for directory, suffix in _WHEEL_PLACES:
        path = os.path.join(site, directory)
        for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
            if name.startswith("libzmq") and suffix in name:
                return os.path.join(path, name)
    return None


def _of_system() -> str | None:
    import ctypes.util  # noqa: PLC0415 - slow, and seldom needed

    return ctypes.util.find_library("zmq")
