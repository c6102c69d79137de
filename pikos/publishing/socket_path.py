"""The path of a socket that the user chose, claimed so that no name is ever stolen.

libzmq unlinks whatever is at a path before it binds there, so everything that it must not unlink
is refused here first.  A lock file beside the socket tells whether its publisher lives, and that
the socket was Pikos's own.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from typing import TYPE_CHECKING

from pikos.errors import AddressError
from pikos.live.session_lock import try_lock

if TYPE_CHECKING:
    from pathlib import Path

_MARK = b"pikos publishes beside this file\n"
_ATTEMPTS = 8  # the lock file may go away with its publisher while it is being opened


class SocketPath:
    """A claim on the path of a socket, from before it is bound until it is released.

    Parameters
    ----------
    path
        Absolute path of the socket.

    Raises
    ------
    AddressError
        If anything is at the path, or at the lock file's beside it, that is not ours and dead.

    Fork: the child calls ``forget``; the claim stays the parent's

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """Path of the socket."""
        self._bound: os.stat_result | None = None
        self._bound_again = False
        _refuse_what_is_no_socket(path)
        self._lock, ours_before = _locked(path)
        try:
            _remove_dead_socket(path, ours=ours_before)
            if not ours_before:
                os.pwrite(self._lock, _MARK, 0)
        except BaseException:
            if ours_before:
                self.forget()
            else:
                self._give_up_lock()
            raise

    def bound(self) -> None:
        """Remember which socket is ours, now that it is bound."""
        self._bound = self.path.lstat()

    def bound_again(self) -> None:
        """Take note that our socket is being made anew at the same path (after a fork)."""
        self._bound_again = True

    def release(self) -> None:
        """Remove the socket if it is still ours, now that it is closed, and the lock file."""
        if self._lock < 0:
            return
        with contextlib.suppress(OSError):
            if self._is_ours(self.path.lstat()):
                self.path.unlink()
        self._give_up_lock()

    def forget(self) -> None:
        """Close this process's hold on the lock; the files stay as they are."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            with contextlib.suppress(OSError):
                os.close(lock)

    def _is_ours(self, found: os.stat_result) -> bool:
        same = self._bound is not None and os.path.samestat(found, self._bound)
        # An inode's number may be used again, so one that somebody listens at is not ours.
        return (same or self._bound_again) and _is_own_socket(found) and not _answers(self.path)

    def _give_up_lock(self) -> None:
        with contextlib.suppress(OSError):
            if os.path.samestat(_lock_path(self.path).lstat(), os.fstat(self._lock)):
                _lock_path(self.path).unlink()
        self.forget()


def _lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _refuse_what_is_no_socket(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise AddressError(f"ipc://{path}", f"cannot be looked at: {error.strerror}") from None
    if not stat.S_ISSOCK(mode):
        raise AddressError(
            f"ipc://{path}", "something that is not a socket is there; give another path"
        )


def _locked(path: Path) -> tuple[int, bool]:
    """Lock the file beside a socket: its descriptor, and whether a publisher had left it there."""
    lock = _lock_path(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    for _ in range(_ATTEMPTS):
        try:
            descriptor = os.open(lock, flags, 0o600)
        except OSError as error:
            raise AddressError(
                f"ipc://{path}", f"no lock file can be made at {lock}: {error.strerror}"
            ) from None
        try:
            ours_before = _checked_lock(descriptor, path)
            if _is_at(lock, os.fstat(descriptor)):
                return descriptor, ours_before
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise AddressError(f"ipc://{path}", f"{lock} comes and goes; give another path")


def _checked_lock(descriptor: int, path: Path) -> bool:
    """Take the lock of an open lock file; whether a publisher had left the file."""
    found = os.fstat(descriptor)
    is_own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    mark = os.pread(descriptor, len(_MARK) + 1, 0) if is_own else None
    if mark not in {b"", _MARK}:
        raise AddressError(
            f"ipc://{path}", f"{_lock_path(path)} is no lock file of ours; give another path"
        )
    if not try_lock(descriptor):
        raise AddressError(f"ipc://{path}", "a live profiler publishes there; give another path")
    return mark == _MARK


def _remove_dead_socket(path: Path, *, ours: bool) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if _answers(path):
        raise AddressError(f"ipc://{path}", "another program listens there; give another path")
    if not ours or not _is_own_socket(found):
        raise AddressError(
            f"ipc://{path}",
            "a socket that no Pikos profiler left is there; remove it, or give another path",
        )
    path.unlink()


def _is_own_socket(found: os.stat_result) -> bool:
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()


def _is_at(path: Path, found: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.lstat(), found)
    except FileNotFoundError:
        return False


def _answers(path: Path) -> bool:
    """Whether anybody listens at a path; one too busy to answer at once counts as listening."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True
