"""Session directories of processes that are gone, kept for a while with what was counted.

Made of ``os`` alone, because a profiled program runs it when its session begins.
"""

from __future__ import annotations

import os
import time

from pikos.live.session_lock import (
    GONE_NAME,
    LEDGER_NAME,
    LOCK_NAME,
    is_alive,
    opened,
    sweep,
    try_lock,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

KEEP_S = 3600.0
"""Seconds for which a directory is kept after its process was found gone."""

KEEP_MAX = 16
"""Directories that are kept; past them the process that was found gone first is forgotten."""

KEEP_BYTES_MAX = 1 << 30
"""Bytes that the ledgers kept may have; past them likewise, but the newest one is always kept."""

LEDGER_MAGIC = b"pikosLGR"
"""How the ledger of a session begins."""

_REPORTED = b"reported\n"


def kept(directories: Iterable[tuple[int, str]]) -> list[tuple[float, int, str]]:
    """Sweep dead session directories that are old, too many, or have no counts.

    Parameters
    ----------
    directories
        Process id and path of session directories, of live sessions, too.

    Returns
    -------
    list of tuple
        Of each dead one that is kept: when its process was found gone, in seconds since 1970, its
        process id and its path.  The one found last comes first.

    """
    dead = [(_found_gone_at(path), pid, path) for pid, path in directories if not is_alive(path)]
    dead.sort(reverse=True)
    oldest, size = time.time() - KEEP_S, 0
    found: list[tuple[float, int, str]] = []
    for one in dead:
        when, pid, path = one
        size += _size(path)
        if when > oldest and len(found) < KEEP_MAX and (size <= KEEP_BYTES_MAX or not found):
            found.append(one)
        else:
            sweep(path, pid)
    return found


def must_report(directory: str) -> bool:
    """Whether nobody was told yet that a dead session's counts are there; from now on it is no.

    Parameters
    ----------
    directory
        The session's directory.

    """
    mark = os.path.join(directory, GONE_NAME)
    with opened(mark) as descriptor:
        if descriptor is None or os.fstat(descriptor).st_size:
            return False
    try:
        descriptor = os.open(mark, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.write(descriptor, _REPORTED)
    finally:
        os.close(descriptor)
    return True


def _found_gone_at(directory: str) -> float:
    """When the process was found gone, which is now if nobody did before; 0 without counts.

    The mark tells a dead session for good, whoever has its process id later.
    """
    with opened(os.path.join(directory, LEDGER_NAME)) as ledger:
        if ledger is None or os.pread(ledger, len(LEDGER_MAGIC), 0) != LEDGER_MAGIC:
            return 0.0
    mark = os.path.join(directory, GONE_NAME)
    with opened(os.path.join(directory, LOCK_NAME)) as lock:
        if lock is None or not try_lock(lock, shared=True):
            return 0.0
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(mark, flags, 0o600))
        except OSError:  # it is there, or cannot be made
            pass
    try:
        return os.lstat(mark).st_mtime
    except OSError:
        return time.time()


def _size(directory: str) -> int:
    try:
        return os.lstat(os.path.join(directory, LEDGER_NAME)).st_size
    except OSError:
        return 0
