"""The lock in a session's directory: it is held for as long as the session's process lives."""

from __future__ import annotations

import os
import stat
import sys

if sys.platform != "win32":
    import fcntl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SOCKET_NAME = "s"
LOCK_NAME = "lock"
FACTS_NAME = "session.json"
LEDGER_NAME = "ledger"
GONE_NAME = "gone"  # once the process is known to be gone
_NEW_LEDGER_NAME = "ledger.new"  # until everything is in it

_READING = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
)


def is_private_directory(path: str) -> bool:
    """Whether path is a directory, not a link to one, that only this user may enter."""
    if sys.platform == "win32":
        return False
    try:
        facts = os.lstat(path)
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
    except (BlockingIOError, PermissionError):
        return False
    return True


def is_alive(directory: str) -> bool:
    """Whether the process that made a session directory still holds its lock.

    Looking takes the lock only shared, so two who look never mistake each other for it.
    """
    with opened(os.path.join(directory, LOCK_NAME)) as descriptor:
        return descriptor is not None and not try_lock(descriptor, shared=True)


class LockWatch:
    """The lock of one session, watched until its process gives it up, however it ends.

    The lock file stays open, so a directory that is removed while its process lives (by a
    cleaner of temporary files) is no sign of its end.

    Parameters
    ----------
    directory
        The session's directory, of a session that is live or was.

    Cost:    about 2 µs a look
    Threads: one at a time
    """

    def __init__(self, directory: str) -> None:
        self._descriptor = -1
        with opened(os.path.join(directory, LOCK_NAME)) as descriptor:
            if descriptor is not None:
                self._descriptor = os.dup(descriptor)

    def is_free(self) -> bool:
        """Whether the process has ended, called exec, or ended its session."""
        if self._descriptor < 0:
            return True
        if not try_lock(self._descriptor, shared=True):
            return False
        self.close()
        return True

    def close(self) -> None:
        """Stop watching; a second time is fine."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def sweep(directory: str, pid: int) -> None:
    """Remove a dead session directory; leave it where its lock is not free.

    Removes only the files that a session has, so a directory with anything else in it stays.
    """
    with opened(os.path.join(directory, LOCK_NAME)) as descriptor:
        if descriptor is not None:
            if try_lock(descriptor):
                remove(directory)
        elif not _process_exists(pid):  # it ended between making the directory and its lock
            _try(os.rmdir, directory)


def remove(directory: str) -> None:
    """Remove a session directory whose lock the caller holds."""
    names = (SOCKET_NAME, FACTS_NAME, LEDGER_NAME, _NEW_LEDGER_NAME, GONE_NAME, LOCK_NAME)
    for name in names:
        _try(os.unlink, os.path.join(directory, name))
    _try(os.rmdir, directory)


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _try(remove: Callable[[str], None], path: str) -> None:
    try:
        remove(path)
    except OSError:
        pass


class opened:  # noqa: N801 - used as a function is: with opened(path) as descriptor:
    """Open one of a session's own files for reading; None if it is not this user's plain file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> int | None:
        try:
            self._descriptor = os.open(self._path, _READING)
        except OSError:
            return None
        facts = os.fstat(self._descriptor)
        ours = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid()
        return self._descriptor if ours else None

    def __exit__(self, *failure: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
