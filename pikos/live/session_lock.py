"""The lock in a session's directory: it is held for as long as the session's process lives."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOCKET_NAME = "s"
LOCK_NAME = "lock"
FACTS_NAME = "session.json"


def is_private_directory(path: Path) -> bool:
    """Whether path is a directory, not a link to one, that only this user may enter."""
    if sys.platform == "win32":
        return False
    try:
        facts = path.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(facts.st_mode)
        and facts.st_uid == os.geteuid()
        and not facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    )


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock of an open file without waiting; whether it was free.

    The lock belongs to the open file: a forked child shares it, and closing the child's
    descriptor does not give it up.
    """
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            return False
        raise
    return True


def is_alive(directory: Path) -> bool:
    """Whether the process that made a session directory still holds its lock.

    Looking takes the lock only shared, so two who look never mistake each other for it.
    """
    with opened(directory / LOCK_NAME) as descriptor:
        return descriptor is not None and not try_lock(descriptor, shared=True)


def sweep(directory: Path, pid: int) -> None:
    """Remove a dead session directory; leave it where its lock is not free.

    Removes only the files that a session has, so a directory with anything else in it stays.
    """
    with opened(directory / LOCK_NAME) as descriptor:
        if descriptor is not None:
            if try_lock(descriptor):
                remove(directory)
        elif not _process_exists(pid):  # it ended between making the directory and its lock
            with contextlib.suppress(OSError):
                directory.rmdir()


def remove(directory: Path) -> None:
    """Remove a session directory whose lock the caller holds."""
    for name in (SOCKET_NAME, FACTS_NAME, LOCK_NAME):
        with contextlib.suppress(OSError):
            (directory / name).unlink()
    with contextlib.suppress(OSError):
        directory.rmdir()


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int | None]:
    """Open one of a session's own files for reading; None if it is not this user's plain file."""
    descriptor = None
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    if descriptor is None:
        yield None
        return
    try:
        facts = os.fstat(descriptor)
        ours = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid()
        yield descriptor if ours else None
    finally:
        os.close(descriptor)
