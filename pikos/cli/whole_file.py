"""Files that are written whole, or not at all."""

from __future__ import annotations

import os
import stat

from pikos.cli.streams import STDOUT, open_stdout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO


_LINKS_MAX = 40
"""Symbolic links that are followed, one after the other."""


class whole_file:  # noqa: N801 - used as a function is: with whole_file(path) as file:
    """Give a new file, which takes the place of the one at a path when the block succeeds.

    Where it fails, what was there before is there still.  A symbolic link is replaced, and what it
    leads to is spared; a device, a pipe or an open descriptor (``/dev/stdout``) is written itself,
    and for ``-`` standard output.

    Parameters
    ----------
    path
        The file that is to be written.

    Raises
    ------
    OSError
        If the file cannot be written or replaced.

    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = _descriptor_of(path)
        is_special = (
            path == STDOUT
            or self._descriptor is not None
            or (os.path.exists(path) and not os.path.isfile(path))
        )
        self._beside = path if is_special else _beside(path)
        self._file: BinaryIO

    def __enter__(self) -> BinaryIO:
        """Give what to write to."""
        if self._path == STDOUT:
            self._file = open_stdout()
        elif self._descriptor is not None:
            self._file = open(os.dup(self._descriptor), "wb")
        else:
            self._file = open(self._beside, "wb")
        return self._file

    def __exit__(self, kind: type[BaseException] | None, *failure: object) -> None:
        is_whole = False
        try:
            self._file.close()
            if kind is None and self._beside != self._path:
                os.replace(self._beside, self._path)
                is_whole = True
        finally:
            if not is_whole and self._beside != self._path:
                self._remove()

    def _remove(self) -> None:
        try:
            os.unlink(self._beside)
        except OSError:
            pass


def why_not_written(path: str) -> str | None:
    """Find out whether a file can be written whole, by making the file beside it.

    Parameters
    ----------
    path
        The file; absolute.

    Returns
    -------
    str or None
        The reason why it cannot, and what to do.

    """
    directory = os.path.dirname(path)
    if os.path.isdir(path):
        return "it is a directory; name a file"
    if not os.path.isdir(directory):
        return f"there is no directory {directory}; make it first"
    is_open = _descriptor_of(path) is not None
    try:
        facts = _facts(path)
        if facts is not None and (is_open or not stat.S_ISREG(facts.st_mode)):
            return _why_not_special(path, facts)
        beside = _beside(path)
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.unlink(beside)
    except (OSError, ValueError) as error:
        return f"{getattr(error, 'strerror', error)}; name a file that can be written"
    if not _may_replace(path, directory):
        return "another user's file is there; name another"
    return None


def _beside(path: str) -> str:
    """A new name in the same directory, which is short however long the file's own is."""
    return os.path.join(os.path.dirname(path), f".{os.urandom(8).hex()}.part")


def _descriptor_of(path: str) -> int | None:
    """The open descriptor of this process that a path stands for, as ``/dev/stdout`` does."""
    places = {os.path.realpath(place) for place in ("/proc/self/fd", "/dev/fd")}
    for _ in range(_LINKS_MAX):
        directory, name = os.path.split(os.path.abspath(path))
        if os.path.realpath(directory) in places:
            return int(name) if name.isdecimal() else None
        if not os.path.islink(path):
            break
        path = os.path.join(directory, os.readlink(path))
    return None


def _facts(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _why_not_special(path: str, facts: os.stat_result) -> str | None:
    if stat.S_ISSOCK(facts.st_mode):
        return "it is a socket; name a file"
    return None if os.access(path, os.W_OK) else "you may not write to it; name a file"


def _may_replace(path: str, directory: str) -> bool:
    """Whether a name may be given to another file: as in /tmp, not to one over another user's."""
    place = os.stat(directory)
    if not place.st_mode & stat.S_ISVTX or not os.path.lexists(path):
        return True
    return os.geteuid() in {0, place.st_uid, os.lstat(path).st_uid}
