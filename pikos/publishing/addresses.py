"""Check the address that a program is told to publish on."""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from pathlib import Path

from pikos.errors import AddressError
from pikos.live.runtime import SOCKET_PATH_MAX

_FORMS = "give ipc:///path/of/a/socket, tcp://127.0.0.1:PORT, or nothing at all"
_PORT_MAX = 65535
_PORTS = f"give 1 to {_PORT_MAX}, or * for any that is free"


def checked(address: str, *, keys: bool) -> str:
    """Return an address in the form in which it can be bound.

    Parameters
    ----------
    address
        ``ipc://PATH``, or ``tcp://HOST:PORT`` with a numeric host; a port that is left out, 0 or
        ``*`` is chosen by the system.
    keys
        Whether CURVE keys let in only whom they name; without them nothing leaves this machine.

    Raises
    ------
    AddressError
        If it is no such address, or not a safe one.

    """
    if not isinstance(address, str):
        raise AddressError(repr(address), f"not a string; {_FORMS}")
    if address.startswith("ipc://"):
        return f"ipc://{_checked_path(address)}"
    if address.startswith("tcp://"):
        return f"tcp://{_checked_host_and_port(address, keys=keys)}"
    raise AddressError(address, f"neither ipc:// nor tcp://; {_FORMS}")


def _checked_path(address: str) -> Path:
    given = address.removeprefix("ipc://")
    if given.startswith("@"):
        raise AddressError(
            address,
            "an abstract name has no permissions, so every user could read it; give a path",
        )
    if given in {"", "*"} or "\0" in given:
        raise AddressError(address, "not the path of a socket; give ipc:///path/of/a/socket")
    path = Path(given).absolute()
    size = len(os.fsencode(path))
    if size > SOCKET_PATH_MAX:
        raise AddressError(
            address,
            f"the path has {size} bytes and a socket's may have {SOCKET_PATH_MAX}; "
            "give a shorter one",
        )
    parent = path.parent
    try:
        mode = parent.stat().st_mode
    except OSError as error:
        raise AddressError(address, f"no directory {parent} ({error.strerror}); make it") from None
    if not stat.S_ISDIR(mode):
        raise AddressError(address, f"{parent} is not a directory; give another path")
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise AddressError(
            address,
            f"every user may replace what is in {parent}; give a path in a directory of your own",
        )
    return path


def _checked_host_and_port(address: str, *, keys: bool) -> str:
    match = re.fullmatch(r"tcp://(\[.*\]|[^:\[\]]*)(?::([^:]*))?", address)
    if match is None:
        raise AddressError(
            address, "not HOST:PORT; give tcp://127.0.0.1:PORT, an IPv6 host as tcp://[::1]:PORT"
        )
    host, port = match[1], match[2] or "*"
    if port != "*" and not re.fullmatch(r"[0-9]{1,5}", port):
        raise AddressError(address, f"port {port!r} is not a number; {_PORTS}")
    number = 0 if port == "*" else int(port)
    if number > _PORT_MAX:
        raise AddressError(address, f"there is no port {number}; {_PORTS}")
    if not _is_loopback(address, host) and not keys:
        raise AddressError(
            address,
            "other machines could read everything that is published, and forge it for your "
            "viewers; give tcp://127.0.0.1:PORT, or keys (pikos keygen DIR, then keys=DIR)",
        )
    return f"{host}:{number or '*'}"


def _is_loopback(address: str, host: str) -> bool:
    if host == "*":
        return False
    bracketed = host.startswith("[")
    try:
        found = ipaddress.ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        found = None
    if found is None or bracketed != (found.version == 6):  # noqa: PLR2004 - IPv6
        raise AddressError(
            address,
            f"host {host!r} is not a number, and names are not looked up; "
            "give 127.0.0.1, [::1], or the address of one of this machine's interfaces",
        )
    return found.is_loopback
