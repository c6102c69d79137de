"""A session directory of this process: made, locked and announced, removed at the end."""

from __future__ import annotations

import os

from pikos.errors import AddressError
from pikos.live import runtime, session_lock
from pikos.publishing.json_text import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

_ATTEMPTS = 8  # a directory may be swept before its lock is held, or its name be taken


class SessionDirectory:
    """The directory that tells this user's viewers of one session.

    Threads: made and removed by one thread at a time
    Fork: the child calls ``forget``; the directory stays the parent's
    """

    def __init__(self, path: str, lock: int) -> None:
        self.path = path
        """The directory."""
        self._lock = lock  # descriptor, its lock held; -1 when given up

    @classmethod
    def make(cls) -> Self:
        """Make a directory and hold its lock, after sweeping away the dead ones beside it.

        Raises
        ------
        AddressError
            If none can be made.

        """
        root = runtime.runtime_directory()
        runtime.sweep_dead(root)
        for _ in range(_ATTEMPTS):
            path = os.path.join(root, runtime.session_directory_name())
            try:
                os.mkdir(path, 0o700)
                lock = _made_and_locked(os.path.join(path, session_lock.LOCK_NAME))
            except FileExistsError:
                continue
            except OSError as error:
                session_lock.remove(path)
                raise AddressError(
                    path, f"no session directory can be made: {error}; set XDG_RUNTIME_DIR"
                ) from error
            if lock is not None:
                return cls(path, lock)
        raise AddressError(root, f"{_ATTEMPTS} session directories made here were taken away")

    @property
    def endpoint(self) -> str:
        """Where a session publishes that was given no address."""
        return f"ipc://{os.path.join(self.path, session_lock.SOCKET_NAME)}"

    @property
    def ledger(self) -> str:
        """The file in which a profiler keeps what it counts."""
        return os.path.join(self.path, session_lock.LEDGER_NAME)

    def announce(
        self, address: str, argv: Sequence[str], started_unix_ns: int, publishes: str = "profile"
    ) -> None:
        """Write what viewers read when they look for sessions.

        Raises
        ------
        OSError
            If it cannot be written.

        """
        facts = {
            "pid": os.getpid(),
            "address": address,
            "argv": list(argv),
            "started_unix_ns": started_unix_ns,
            "publishes": publishes,
        }
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(os.path.join(self.path, session_lock.FACTS_NAME), flags, 0o600)
        with open(descriptor, "wb") as stream:
            stream.write(json_text(facts).encode())

    def remove(self) -> None:
        """Remove the directory with all that a session has in it, and give up its lock."""
        if self._lock >= 0:
            session_lock.remove(self.path)
        self.forget()

    def forget(self) -> None:
        """Close this process's hold on the lock; the directory stays as it is."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            try:
                os.close(lock)
            except OSError:
                pass


def _made_and_locked(path: str) -> int | None:
    """Make a lock file and lock it; None if a sweeper was there first."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        if session_lock.try_lock(descriptor) and _is_still_at(path, descriptor):
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_still_at(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
