"""The life that recorders to text streams share: prepared, recording, finalized, and again."""

from __future__ import annotations

import _thread
from abc import abstractmethod
from typing import Any, Protocol

from pikos.publishing.lifetime import LIFETIME
from pikos.recorders.abstract_recorder import AbstractRecorder, Accept, RecorderError, accept_of

_PATIENCE_S = 1.0
"""How long a fork and the exit wait for a line that another thread is writing, in seconds."""


class TextStream(Protocol):
    """What records are written to; it may have a ``flush`` and an ``encoding`` too."""

    def write(self, text: str, /) -> object:
        """Write all of a text."""


class StreamRecorder(AbstractRecorder):
    """A recorder that writes lines to a stream while at least one user has it prepared.

    A failure to write (the disk is full, the stream is closed) is raised by the `record` that
    meets it and ends the recording: `record` raises until all users have finalized, and what
    was written stays.  The next `prepare` tries anew.

    Raises: OSError or ValueError, the stream's own, when it cannot be written to
    Threads: any method from any thread; a line is written in one piece
    Fork: in the child nobody has it prepared
    """

    def __init__(self, filter_: Accept | None, *, auto_flush: bool) -> None:
        self._filter = accept_of(filter_)
        self._auto_flush = auto_flush
        self._stream: TextStream | None = None
        self._lock = _thread.RLock()  # a signal's handler may record while its thread does
        self._holds_still = False
        self._users = 0
        self._prepared_once = False
        self._header_is_due = True
        self._failure: OSError | ValueError | None = None
        self._failure_is_told = False

    @property
    def _ready(self) -> bool:
        return self._users > 0

    def prepare(self, record: Any) -> None:
        """Get ready for records; the first time, write the header if the records have fields.

        Parameters
        ----------
        record
            The class of the records, or an example of them.

        """
        record_type = record if isinstance(record, type) else type(record)
        with self._lock:
            if not self._prepared_once:
                LIFETIME.watch(self)
            if not self._users:
                self._open()
            try:
                self._begin(record_type)
            except BaseException:
                if not self._users:
                    self._close_failed()
                raise
            self._header_is_due = False
            self._prepared_once = True
            self._users += 1

    def finalize(self) -> None:
        """Write everything that is not written yet; once for each `prepare`, more do nothing.

        Raises
        ------
        RecorderError
            If the recorder was never prepared.

        """
        with self._lock:
            if not self._prepared_once:
                raise self._error("has not been prepared: call prepare() before finalize()")
            if not self._users:
                return
            self._users -= 1
            try:
                if self._users:
                    self._flush()
                else:
                    self._close()
            except (OSError, ValueError) as failure:
                self._keep(failure)
            failure_to_tell = None if self._failure_is_told else self._failure
            self._failure_is_told = True
            if not self._users:
                self._failure = None
        if failure_to_tell is not None:
            raise failure_to_tell

    def record(self, data: Any) -> None:
        """Write the record, if the filter accepts it.

        Parameters
        ----------
        data
            The record.

        Raises
        ------
        RecorderError
            If the recorder is not prepared, or has failed since it was.

        """
        if not self._users:
            raise self._not_ready()
        if not self._filter(data):
            return
        with self._lock:
            if not self._users or self._failure is not None:
                self._refuse()
            try:
                self._write(data)
                self._written()
            except (OSError, ValueError) as failure:
                self._keep(failure)
                self._failure_is_told = True
                raise

    def before_fork(self) -> None:
        """Hold still: no other thread is to be half-way through a line."""
        self._holds_still = self._lock.acquire(timeout=_PATIENCE_S)

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._holds_still:
            self._lock.release()

    def after_fork_in_child(self) -> None:
        """Begin anew, with nobody who has it prepared."""
        self._lock = _thread.RLock()
        self._users = 0
        self._failure = None

    def at_exit(self) -> None:
        """Write what is not written yet."""
        if not self._lock.acquire(timeout=_PATIENCE_S):
            return
        try:
            if self._users and self._failure is None:
                self._flush()
        finally:
            self._lock.release()

    @abstractmethod
    def _begin(self, record_type: type) -> None:
        """Get ready for records of a type; write the header if it is due."""

    @abstractmethod
    def _write(self, record: Any) -> None:
        """Write a record's line, by one call of the stream."""

    def _open(self) -> None:
        """Have the stream: the first user comes."""

    def _close(self) -> None:
        """Be done with the stream: the last user has gone."""
        self._flush()

    def _close_failed(self) -> None:
        """Be done with the stream that the header could not be written to."""

    def _written(self) -> None:
        """See that what was just written is flushed when it should be."""
        if self._auto_flush:
            self._flush()

    def _flush(self) -> None:
        flush = getattr(self._stream, "flush", None)
        if flush is not None:
            flush()

    def _keep(self, failure: OSError | ValueError) -> None:
        if self._failure is None:
            self._failure = failure
            self._failure_is_told = False

    def _refuse(self) -> None:
        """Raise what keeps the recorder from recording."""
        if not self._users:
            raise self._not_ready()
        if self._failure is not None and not self._failure_is_told:
            self._failure_is_told = True
            raise self._failure
        raise self._error(f"has stopped after a failure: {self._failure}") from self._failure

    def _not_ready(self) -> RecorderError:
        lacks = "is finalized" if self._prepared_once else "has not been prepared yet"
        return self._error(f"is not ready to record, it {lacks}: call prepare() before record()")

    def _error(self, reason: str) -> RecorderError:
        return RecorderError(self._name(), reason)

    def _name(self) -> str:
        return type(self).__name__
