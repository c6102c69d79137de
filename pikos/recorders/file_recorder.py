"""What recorders to files have beside those to streams: the file."""

from __future__ import annotations

import io
import os
import stat
from abc import abstractmethod
from typing import IO, Any

from pikos.native import EVENTS
from pikos.recorders.stream_recorder import StreamRecorder

BUFFER_BYTES = 256 * 1024
"""How much is gathered before it is written without waiting for the flusher."""

_LINE_MAX = 1 << 20  # bytes of the file's end in which a line's beginning is looked for

DEFAULT_NAMES = ("monitor_records.log", "monitor_records.csv")
"""Names that nobody has to have chosen: a symbolic link there is not followed."""


class FileRecorder(StreamRecorder):
    """A recorder that opens its file when it is needed and closes it when it is not.

    Mixed in before a recorder to streams, which is handed the open file by `_attach`.

    The file is opened by the first `prepare` and closed by the last `finalize`.  The first time
    that a recorder opens it, it is emptied (unless ``append``); after that the recorder goes on
    at its end, in the same file even if the working directory has changed, and the header is
    not repeated.

    Lines are gathered, and written when there are 256 KiB of them, when they have waited for
    half a second, and by `finalize`: of a program that is killed, the last second's records are
    lost at most.  Only whole lines are written; where a crash cuts one short all the same, what
    comes after begins on a line of its own.  Where a disk fills, a line that was cut short is
    taken away again, and so is a file that has nothing.

    The file is UTF-8, its permissions are what the process's umask leaves.  A symbolic link is
    followed as by any program, but not at the default names, where somebody else may have
    planted it.

    Fork: a child writes nothing to its parent's file, and needs a recorder of its own
    """

    _filename: str | os.PathLike[str]
    """The file's name, as it was given."""

    def _set_up_file(
        self, filename: str | os.PathLike[str], *, append: bool, drop: bool, terminator: str
    ) -> None:
        self._filename = filename
        self._path = os.fsdecode(filename)
        self._append = append
        self._drop = drop
        self._dropped = 0
        self._terminator = terminator
        self._opened_once = False
        self._file: IO[str] | None = None
        self._process_id = os.getpid()
        self._attach(None)

    @property
    def dropped(self) -> int:
        """How many records were dropped, which only ``drop=True`` allows."""
        return self._dropped + getattr(self._file, "dropped", 0)

    @abstractmethod
    def _attach(self, file: IO[str] | None) -> None:
        """Write to a file from now on, or to none."""

    def _held_place(self) -> Any:
        return self._file if EVENTS is not None else None

    def _native_place(self) -> Any:
        return self._file

    @property
    def _encoding(self) -> str | None:
        return "utf-8"

    def _is_flushed_in_time(self) -> bool:
        return not self._flushes_each

    def _open(self) -> None:
        if os.getpid() != self._process_id:
            raise self._error(
                f"belongs to process {self._process_id}, and this is process {os.getpid()}, "
                "forked from it: make a recorder with a file of its own here"
            )
        self._flushes_each = bool(self._auto_flush)
        if not self._opened_once:
            self._path = os.path.abspath(self._path)
        begins_empty = not (self._append or self._opened_once)
        try:
            self._file = file = self._opened(begins_empty=begins_empty)
            size_bytes = os.fstat(file.fileno()).st_size
            if size_bytes and not _ends_with(self._path, self._terminator):
                file.write(self._terminator)
        except OSError as error:
            raise self._error(f"cannot open it: {_remedy(error, self._path)}") from error
        if size_bytes and not self._opened_once:
            self._header_is_due = False
        self._opened_once = True
        self._attach(file)

    def _close(self) -> None:
        self._dropped, file, self._file = self.dropped, self._file, None
        self._attach(None)
        if file is None:
            return
        failed = True
        try:
            file.close()
            failed = self._failure is not None
        finally:
            if failed and os.getpid() == self._process_id:
                _cut_to_whole_lines(self._path, self._terminator.encode())

    def _close_failed(self) -> None:
        try:
            self._close()
        except OSError:
            return  # what the header met is raised

    def _opened(self, *, begins_empty: bool) -> Any:
        descriptor = _descriptor(self._path, begins_empty=begins_empty)
        if EVENTS is not None:
            return EVENTS.TextFile(
                descriptor, self._begun, drop=self._drop, each=self._flushes_each
            )
        return io.TextIOWrapper(
            open(descriptor, "ab", buffering=BUFFER_BYTES),
            encoding="utf-8",
            errors="backslashreplace",
            newline="",
            write_through=True,  # the lines that it would gather are lost to an interruption
        )

    def after_fork_in_child(self) -> None:
        """Let go of the parent's file, and of what the parent has yet to write to it."""
        super().after_fork_in_child()
        if self._file is None:
            return
        if EVENTS is not None:
            self._holds_still = True  # that file has no lock that may be held
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._file.fileno(), inheritable=False)
        os.close(nothing)
        if self._holds_still:  # else a thread that is no more holds the file's own lock
            self._close_failed()

    def _name(self) -> str:
        return f"{super()._name()} to {self._path!r}"


def _descriptor(path: str, *, begins_empty: bool) -> int:
    """Open a file to append to it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
    if begins_empty:
        flags |= os.O_TRUNC
    if os.path.basename(path) in DEFAULT_NAMES:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, 0o666)


def _ends_with(path: str, terminator: str) -> bool:
    """Tell whether a file's last line is whole, as far as one may read it."""
    if not terminator:
        return True
    try:
        with open(path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() == terminator[-1:].encode()
    except OSError:
        return True


def _cut_to_whole_lines(path: str, end: bytes) -> None:
    """Take away a last line that was cut short, and a file that has nothing."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return
        with open(path, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LINE_MAX))
            tail = file.read()
            at = tail.rfind(end)
            if at >= 0:
                file.truncate(size - len(tail) + at + len(end))
        if os.stat(path).st_size == 0 and not os.path.islink(path):
            os.unlink(path)
    except OSError:
        pass  # it stays as it is


def _remedy(error: OSError, path: str) -> str:
    if stat.S_ISLNK(_mode(path)) and os.path.basename(path) in DEFAULT_NAMES:
        return "it is a symbolic link, which is not followed: remove it, or give another name"
    return f"{error.strerror or error}; give the name of a file that can be written"


def _mode(path: str) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0
