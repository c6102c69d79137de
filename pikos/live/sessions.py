"""Find this user's live sessions in the run-time directory.

A session is a directory that its publisher keeps locked; the directory is the boundary that
keeps other users out::

    $XDG_RUNTIME_DIR/pikos/         or, where TMPDIR is not set and it is large,
                                    /dev/shm/pikos-<uid>/, or <tempdir>/pikos-<uid>/;
                                    ours alone (0700)
        <pid>-<16 hex digits>/      one publishing profiler or recorder (0700)
            lock                    flocked while its process lives
            session.json            what it is and where it publishes
            s                       its socket, unless it publishes elsewhere
            ledger                  what a profiler counts, as it counts it
            gone                    made once the process is known to be gone: ``dead_sessions``

Needs neither zmq nor the profiler's extension.  Where there is no ``flock`` (Windows) there are
no session directories, so no session is ever found.
"""

from __future__ import annotations

import json
import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from pikos.errors import SessionNotFound
from pikos.live.dead_sessions import kept
from pikos.live.runtime import process_id_in, session_directories
from pikos.live.session_lock import (
    FACTS_NAME,
    SOCKET_NAME,
    is_alive,
    is_private_directory,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Collection

FACTS_MAX = 256 * 1024
"""Bytes that ``session.json`` may have."""


class Session(NamedTuple):
    """One session of this user."""

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
    gone_unix_ns: int = 0
    """When its process was found gone, ns since 1970; 0 while it lives."""


def list_sessions() -> tuple[Session, ...]:
    """Return this user's live sessions, the oldest first, and sweep away what is dead and old.

    What a session says of itself is read within limits, and one that makes no sense is left out.
    """
    live, dead = [], []
    for pid, directory in session_directories():
        if is_alive(directory):
            live.append(_read(pid, directory))
        else:
            dead.append((pid, directory))
    kept(dead)
    found = (session for session in live if session is not None)
    return tuple(sorted(found, key=lambda session: session.started_unix_ns))


def gone_sessions() -> tuple[Session, ...]:
    """Return the sessions of processes that are gone whose last state is kept, the latest first."""
    found = []
    for when, pid, directory in kept(session_directories()):
        session = _read(pid, directory)
        if session is not None:
            found.append(session._replace(gone_unix_ns=int(when * 1e9)))
    return tuple(found)


def gone_session(target: int | str) -> Session | None:
    """Return the session that is gone and that a target names, unless a live one answers to it.

    Parameters
    ----------
    target
        A process id (of several sessions the one that was found gone last), the path of a session
        directory, or the address of the socket in it.  Any other address may be another program's
        by now.

    """
    text = str(target)
    if any(text == str(one.pid) for one in list_sessions()):
        return None
    path = text.removeprefix("ipc://").removesuffix(f"/{SOCKET_NAME}")
    found = (
        one
        for one in gone_sessions()
        if text == str(one.pid) or one.path in {path, os.path.join(_working_directory(), path)}
    )
    return next(found, None)


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
    path = os.path.join(_working_directory(), text)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        raise SessionNotFound(target, f"no process, address or path is that: {error}") from None
    if stat.S_ISSOCK(mode):
        return (f"ipc://{path}",)
    session = _read(0, path) if is_private_directory(path) and is_alive(path) else None
    if session is None:
        raise SessionNotFound(target, "the path is neither a socket nor a live session's directory")
    return (session.address,)


def directory_of(address: str, heard: Collection[int] = ()) -> str | None:
    """Return the session directory of an address; None if it is not one of this user's sessions.

    A socket in a session's directory names it also when the session is over and swept away.  Any
    other address is that of a live session, or of one that is gone if its process was heard.

    Parameters
    ----------
    address
        The address.
    heard
        Process ids that were heard there.

    """
    directory, _, name = address.removeprefix("ipc://").rpartition("/")
    if (
        address.startswith("ipc:")
        and name == SOCKET_NAME
        and process_id_in(os.path.basename(directory))
    ):
        return directory
    sessions = [*list_sessions(), *(one for one in gone_sessions() if one.pid in heard)]
    return next((one.path for one in sessions if one.address == address), None)


def _working_directory() -> str:
    """The working directory; empty where it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _find_pid(pid: int) -> tuple[str, ...]:
    sessions = list_sessions()
    found = tuple(session.address for session in sessions if session.pid == pid)
    if not found:
        live = ", ".join(str(session.pid) for session in sessions) or "none"
        raise SessionNotFound(pid, f"live sessions of this user: {live} (see pikos ps)")
    return found


def _read(pid: int, directory: str) -> Session | None:
    with opened(os.path.join(directory, FACTS_NAME)) as descriptor:
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
                    directory,
                    what if isinstance(what, str) else "profile",
                )
    except (ValueError, RecursionError):
        pass
    return None
