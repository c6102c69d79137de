"""Find this user's live sessions in the run-time directory.

A session is a directory that its publisher keeps locked; the directory is the boundary that
keeps other users out::

    $XDG_RUNTIME_DIR/pikos/         or <tempdir>/pikos-<uid>/; ours alone (0700)
        <pid>-<16 hex digits>/      one publishing profiler or recorder (0700)
            lock                    flocked while its process lives
            session.json            what it is and where it publishes
            s                       its socket, unless it publishes elsewhere

Needs neither zmq nor the profiler's extension.  Where there is no ``flock`` (Windows) there are
no session directories, so no session is ever found.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pikos.errors import AddressError, SessionNotFound
from pikos.live.session_lock import (
    FACTS_NAME,
    SOCKET_NAME,
    is_alive,
    is_private_directory,
    opened,
    sweep,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET_PATH_MAX = 107
"""Bytes that the path of an ipc socket may have (unix(7): 108 with the closing NUL)."""

FACTS_MAX = 256 * 1024
"""Bytes that ``session.json`` may have."""

_SYSTEM_RUNTIME = "/run/user"  # where it is when the environment does not tell
_DIRECTORY_NAME = re.compile(r"([1-9][0-9]{0,9})-[0-9a-f]{16}")
_DIRECTORY_NAME_MAX = 10 + 1 + 16


class Session(NamedTuple):
    """One live session of this user."""

    pid: int
    """Process that publishes."""
    address: str
    """Where it publishes."""
    argv: tuple[str, ...]
    """Its command line, as it tells it: data, to be escaped before it is shown."""
    started_unix_ns: int
    """When it began, ns since 1970."""
    path: str
    """Its session directory."""
    publishes: str = "profile"
    """What it publishes, ``profile`` or ``records``, as it tells it."""


def runtime_directory() -> Path:
    """Return the directory for this user's sessions, made if need be and checked.

    Returns
    -------
    Path
        A directory that this user owns and nobody else may enter.

    Raises
    ------
    AddressError
        If there is none and none can be made.

    """
    for candidate in _candidates():
        if not _has_room_for_a_socket(candidate):
            continue
        with contextlib.suppress(OSError):
            candidate.mkdir(0o700)
        if is_private_directory(candidate):
            return candidate
    try:
        made = Path(tempfile.mkdtemp(prefix=_fallback_prefix()))
    except OSError as error:
        raise AddressError(
            "ipc://", f"no directory for the socket can be made: {error}; set XDG_RUNTIME_DIR"
        ) from error
    if not _has_room_for_a_socket(made):
        made.rmdir()
        raise AddressError(
            str(made),
            f"too long for a socket, whose path may have {SOCKET_PATH_MAX} bytes; "
            "set TMPDIR or XDG_RUNTIME_DIR to a shorter one",
        )
    return made


def list_sessions() -> tuple[Session, ...]:
    """Return this user's live sessions, the oldest first, and sweep away the dead ones.

    What a session says of itself is read within limits, and one that makes no sense is left out.
    """
    sessions = []
    for pid, directory in _directories():
        if is_alive(directory):
            session = _read(pid, directory)
            if session is not None:
                sessions.append(session)
        else:
            sweep(directory, pid)
    return tuple(sorted(sessions, key=lambda session: session.started_unix_ns))


def find(target: int | str) -> tuple[str, ...]:
    """Return the addresses that a target names.

    Parameters
    ----------
    target
        A process id, an address (returned as it is), or the path of a socket or of a session
        directory.

    Raises
    ------
    SessionNotFound
        If nothing live answers to it.

    """
    text = str(target)
    if re.fullmatch(r"[0-9]{1,10}", text):
        return _find_pid(int(text))
    if "://" in text:
        return (text,)
    path = Path(text).absolute()
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise SessionNotFound(target, f"no process, address or path is that: {error}") from None
    if stat.S_ISSOCK(mode):
        return (f"ipc://{path}",)
    session = _read(0, path) if is_private_directory(path) and is_alive(path) else None
    if session is None:
        raise SessionNotFound(target, "the path is neither a socket nor a live session's directory")
    return (session.address,)


def _find_pid(pid: int) -> tuple[str, ...]:
    sessions = list_sessions()
    found = tuple(session.address for session in sessions if session.pid == pid)
    if not found:
        live = ", ".join(str(session.pid) for session in sessions) or "none"
        raise SessionNotFound(pid, f"live sessions of this user: {live} (see pikos ps)")
    return found


def _directories() -> Iterator[tuple[int, Path]]:
    for root in _candidates():
        if not is_private_directory(root):
            continue
        for directory in sorted(root.iterdir()):
            match = _DIRECTORY_NAME.fullmatch(directory.name)
            if match is not None and is_private_directory(directory):
                yield int(match[1]), directory


def _candidates() -> tuple[Path, ...]:
    """Return where the run-time directory may be, the best first, whether or not it is there."""
    if sys.platform == "win32":
        return ()
    uid = os.geteuid()
    parents = (Path(os.environ.get("XDG_RUNTIME_DIR", "")), Path(_SYSTEM_RUNTIME, str(uid)))
    inside = (parent / "pikos" for parent in parents if parent.is_absolute())
    temporary = Path(tempfile.gettempdir())
    fallbacks = sorted(temporary.glob(f"{_fallback_prefix()}*"))
    return tuple(dict.fromkeys((*inside, temporary / f"pikos-{uid}", *fallbacks)))


def _fallback_prefix() -> str:
    return "pikos-" if sys.platform == "win32" else f"pikos-{os.geteuid()}-"


def _has_room_for_a_socket(directory: Path) -> bool:
    longest = len(os.fsencode(directory)) + 1 + _DIRECTORY_NAME_MAX + 1 + len(SOCKET_NAME)
    return longest <= SOCKET_PATH_MAX


def _read(pid: int, directory: Path) -> Session | None:
    with opened(directory / FACTS_NAME) as descriptor:
        if descriptor is None:
            return None
        text = os.pread(descriptor, FACTS_MAX + 1, 0)
    if len(text) > FACTS_MAX:
        return None
    try:
        match json.loads(text):
            case {
                "pid": int(said),
                "address": str(address),
                "argv": list(argv),
                "started_unix_ns": int(started),
                **others,
            } if all(isinstance(word, str) for word in argv) and address:
                what = others.get("publishes")
                return Session(
                    pid or said,
                    address,
                    tuple(argv),
                    started,
                    str(directory),
                    what if isinstance(what, str) else "profile",
                )
    except (ValueError, RecursionError):
        pass
    return None
