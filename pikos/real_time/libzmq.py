"""Find the libzmq that the extension binds to when it was not linked with one."""

from __future__ import annotations

import ctypes.util
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from pikos.errors import LibzmqUnusable

if TYPE_CHECKING:
    from types import ModuleType

_WHEEL_PLACES = (
    "pyzmq.libs/libzmq*.so*",
    "zmq/.dylibs/libzmq*.dylib",
    "zmq/libzmq*.so*",
    "zmq/libzmq*.dylib",
    "pyzmq.libs/libzmq*.dll",
    "zmq/libzmq*.dll",
)


def libzmq_path() -> str | None:
    """Return the libzmq inside the installed pyzmq, else the system's, else None.

    pyzmq is looked for, not imported: the profiled program may not want it.
    """
    return _in_wheel() or ctypes.util.find_library("zmq")


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
    found = importlib.util.find_spec("zmq")
    if found is None or found.origin is None:
        return None
    site = Path(found.origin).parent.parent
    libraries = (library for place in _WHEEL_PLACES for library in sorted(site.glob(place)))
    return next(map(str, libraries), None)
