"""The run-time directory, where the directories of this user's sessions are.

What a profiled program runs of this is made of ``os`` alone, so that nothing else is imported.
"""

from __future__ import annotations

import os
import sys

from pikos.errors import AddressError
from pikos.live.dead_sessions import kept
from pikos.live.session_lock import SOCKET_NAME, is_private_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET_PATH_MAX = 107
"""Bytes that the path of an ipc socket may have (unix(7): 108 with the closing NUL)."""

_SYSTEM_RUNTIME = "/run/user"  # where it is when the environment does not tell
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - as below; a tmpfs on Linux
_SHARED_MEMORY_MIN = 1 << 30  # bytes; of a smaller one the program may need all
_TEMPORARY = ("/tmp", "/var/tmp", "/usr/tmp")  # noqa: S108 - checked: ours alone, and no link
_UNIQUE_LETTERS = 8  # that tempfile adds to a name
_PID_DIGITS, _TOKEN_DIGITS = 10, 16


def runtime_directory() -> str:
    """Return the directory for this user's sessions, made if need be and checked.

    Returns
    -------
    str
        A directory that this user owns and nobody else may enter.

    Raises
    ------
    AddressError
        If there is none and none can be made.

    """
    for candidate in _candidates():
        if not _has_room_for_a_socket(candidate):
            continue
        try:
            os.mkdir(candidate, 0o700)
        except OSError:
            pass
        if is_private_directory(candidate):
            return candidate
    return _made_anew()


def session_directory_name() -> str:
    """Return a name that no session directory has yet, for one of this process."""
    return f"{os.getpid()}-{os.urandom(_TOKEN_DIGITS // 2).hex()}"


def session_directories() -> Iterator[tuple[int, str]]:
    """Give what looks like a session directory of this user: its process id and its path."""
    for root in _candidates():
        yield from directories_in(root)


def directories_in(root: str) -> Iterator[tuple[int, str]]:
    """Give what looks like a session directory in one run-time directory, by name.

    Parameters
    ----------
    root
        The run-time directory.

    Yields
    ------
    tuple
        Process id and path.

    """
    if not is_private_directory(root):
        return
    for name in sorted(os.listdir(root)):
        pid = process_id_in(name)
        if pid and is_private_directory(path := os.path.join(root, name)):
            yield pid, path


def sweep_dead(root: str) -> None:
    """Remove the session directories in a run-time directory whose processes are gone.

    Some are kept for a while: see ``dead_sessions``.

    Parameters
    ----------
    root
        The run-time directory.

    """
    kept(directories_in(root))


def process_id_in(name: str) -> int:
    """The process id that the name of a session directory begins with; 0 if it is not one."""
    pid, dash, token = name.partition("-")
    named_so = (
        dash
        and name.isascii()
        and pid.isdigit()
        and pid[0] != "0"
        and len(pid) <= _PID_DIGITS
        and len(token) == _TOKEN_DIGITS
        and not token.strip("0123456789abcdef")
    )
    return int(pid) if named_so else 0


def _candidates() -> Iterator[str]:
    """Give where the run-time directory may be, the best first, whether or not it is there."""
    if sys.platform == "win32":
        return
    uid = os.geteuid()
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    system = os.path.join(_SYSTEM_RUNTIME, str(uid))
    for parent in (given, system) if given != system else (system,):
        if os.path.isabs(parent):
            yield os.path.join(parent, "pikos")
    if not _temporary_of_the_environment() and _is_large(_SHARED_MEMORY):
        yield os.path.join(_SHARED_MEMORY, f"pikos-{uid}")
    temporary = temporary_directory()
    yield os.path.join(temporary, f"pikos-{uid}")
    try:
        names = sorted(os.listdir(temporary))
    except OSError:
        return
    for name in names:
        if name.startswith(_fallback_prefix()):
            yield os.path.join(temporary, name)


def temporary_directory() -> str:
    """Return the directory for temporary files, as ``tempfile`` chooses it; room for a socket."""
    for directory in (*_temporary_of_the_environment(), *_TEMPORARY):
        if _is_usable(directory):
            return os.path.abspath(directory)
    return os.getcwd()


def _temporary_of_the_environment() -> list[str]:
    given = (os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP"))
    return [directory for directory in given if directory and _is_usable(directory)]


def _is_usable(directory: str) -> bool:
    longest = os.path.join(os.path.abspath(directory), _fallback_prefix() + "x" * _UNIQUE_LETTERS)
    return (
        os.path.isdir(directory)
        and os.access(directory, os.W_OK | os.X_OK)
        and _has_room_for_a_socket(longest)
    )


def _is_large(directory: str) -> bool:
    try:
        facts = os.statvfs(directory)
    except OSError:
        return False
    return facts.f_blocks * facts.f_frsize >= _SHARED_MEMORY_MIN


def _made_anew() -> str:
    """Make a run-time directory whose name nobody could plant."""
    import tempfile  # noqa: PLC0415 - hardly ever needed, and slow

    try:
        made = tempfile.mkdtemp(prefix=_fallback_prefix(), dir=temporary_directory())
    except OSError as error:
        raise AddressError(
            "ipc://", f"no directory for the socket can be made: {error}; set XDG_RUNTIME_DIR"
        ) from error
    if not _has_room_for_a_socket(made):
        os.rmdir(made)
        raise AddressError(
            made,
            f"too long for a socket, whose path may have {SOCKET_PATH_MAX} bytes; "
            "set TMPDIR or XDG_RUNTIME_DIR to a shorter one",
        )
    return made


def _fallback_prefix() -> str:
    return "pikos-" if sys.platform == "win32" else f"pikos-{os.geteuid()}-"


def _has_room_for_a_socket(directory: str) -> bool:
    name_size = _PID_DIGITS + 1 + _TOKEN_DIGITS
    return len(os.fsencode(directory)) + 1 + name_size + 1 + len(SOCKET_NAME) <= SOCKET_PATH_MAX
