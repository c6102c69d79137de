"""The life that recorders to text streams share: prepared, recording, finalized, and again."""

from __future__ import annotations

import _thread
import io
import os
import sys
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from pikos.native import EVENTS, MISSING, NeedsPython, Target
from pikos.publishing.lifetime import LIFETIME, ForkLock
from pikos.recorders.abstract_recorder import AbstractRecorder, Accept, RecorderError, accept_of
from pikos.recorders.flusher import Flusher
from pikos.recorders.native_plan import native_plan
from pikos.signals import comes_of_a_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STREAMS_OF_IO = (io.TextIOWrapper, io.StringIO)
"""The streams that may be written to whenever it suits: nobody waits for a call for each record."""

_PATIENCE_S = 1.0
"""How long a fork and the exit wait for a line that another thread is writing, in seconds."""


class TextStream(Protocol):
    """What records are written to; it may have a ``flush`` and an ``encoding`` too."""

    def write(self, text: str, /) -> object:
        """Write all of a text."""


class StreamRecorder(AbstractRecorder):
    """A recorder that writes lines to a stream while at least one user has it prepared.

    Each line is flushed where the stream is a terminal: among what the program prints, all is in
    the order of what happens.  Elsewhere lines that the extension makes are gathered, and written
    when there are 256 KiB of them, when they have waited for half a second, and by `finalize`.
    ``auto_flush`` decides otherwise.

    A failure to write (the disk is full, the stream is closed) is raised by the `record` that
    meets it and ends the recording: `record` raises until all users have finalized, and what
    was written stays.  The next `prepare` tries anew.

    Raises: OSError or ValueError, the stream's own, when it cannot be written to
    Threads: any method from any thread; a line is written in one piece
    Fork: in the child nobody has it prepared
    """

    _stream: TextStream | None
    """Where lines go; None as long as a file is not open."""

    def __init__(
        self, stream: TextStream | None, filter_: Accept | None, *, auto_flush: bool | None
    ) -> None:
        self._filter = accept_of(filter_)
        self._auto_flush = auto_flush
        self._stream = stream
        self._gathering: Any = None  # the extension's TextFile for the stream, while prepared
        self._flushes_each = False
        self._flusher = Flusher(self._flush_in_background)
        self._lock = _thread.RLock()  # a signal's handler may record while its thread does
        self._fork_lock = ForkLock(self._lock)
        self._holds_still = False
        self._held: list[Any] | None = None  # records that wait for the end of a fork
        self._formats: dict[tuple[object, ...], Any] = {}
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
                LIFETIME.watch(self, EVENTS)
            if not self._users:
                self._open()
            try:
                self._begin(record_type)
                self._written()
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
                if comes_of_a_signal(failure):
                    raise
                self._keep(failure)
            failure_to_tell = None if self._failure_is_told else self._failure
            self._failure_is_told = True
            if not self._users:
                self._failure = None
        if failure_to_tell is not None:
            raise failure_to_tell

    def flush(self) -> None:
        """Write now what waits to be written.

        Raises
        ------
        OSError or ValueError
            The stream's own, if it cannot be written to.

        """
        with self._lock:
            if self._users:
                self._flush()

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
            if self._held is not None:
                self._held.append(data)
                return
            try:
                if self._gathering is not None:
                    self._gathering.flush()
                self._write(data)
                self._written()
            except (OSError, ValueError) as failure:
                if not comes_of_a_signal(failure):
                    self._keep(failure)
                    self._failure_is_told = True
                raise

    def native_target(self, record_type: type, fields: Sequence[str]) -> Target:
        """Say where the extension can put records itself, instead of a call of `record`.

        Parameters
        ----------
        record_type
            The class of the records, which is prepared for.
        fields
            What is gathered for each of its fields.

        Returns
        -------
        Target
            The file or stream, None if the recorder is not prepared.

        Raises
        ------
        NeedsPython
            If each record must come to `record`.

        """
        if EVENTS is None:
            raise NeedsPython(MISSING)
        place = self._native_place()
        plan = native_plan(self._filter, record_type, fields)
        return Target(place, plan, self._native_format(record_type, fields))

    def before_fork(self) -> None:
        """Hold still: no other thread is to be half-way through a line, none flushes.

        All that is gathered is written, also by the stream's own buffer: the child would have it
        too.  What is recorded from now on waits until it is known which process records it.
        """
        self._flusher.paused = True
        self._flusher.stop()
        self._fork_lock.take(_PATIENCE_S)
        self._holds_still = self._fork_lock.held
        if self._holds_still and self._users:
            self._flush_or_keep()
            self._held = []
        place = self._held_place()
        if place is not None:
            place.hold()

    def after_fork_in_parent(self) -> None:
        """Go on, with what was held; the next record starts the flusher."""
        self._flusher.paused = False
        place = self._held_place()
        if place is not None:
            place.release()
        if not self._holds_still:
            return
        held, self._held = self._held, None
        try:
            for record in held or ():
                self._write(record)
        except (OSError, ValueError) as failure:
            self._keep(failure)
        if self._users:
            self._flush_or_keep()
        self._fork_lock.give_back()

    def after_fork_in_child(self) -> None:
        """Begin anew, with nobody who has it prepared, and nothing that the parent gathered."""
        self._lock = _thread.RLock()
        self._fork_lock = ForkLock(self._lock)
        self._flusher = Flusher(self._flush_in_background)
        self._users = 0
        self._failure = None
        self._held = None
        place, self._gathering = self._held_place(), None
        if place is not None:
            place.discard()

    def at_exit(self) -> None:
        """Stop the flusher, and write what is not written yet."""
        self._flusher.paused = True
        self._flusher.stop()
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

    @abstractmethod
    def _native_format(self, record_type: type, fields: Sequence[str]) -> Any:
        """Say how records are written as text, or raise NeedsPython."""

    def _kept_format(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        """Give the format of a key, made once: the texts that it has made live as long as it."""
        found = self._formats.get(key)
        if found is None:
            found = self._formats[key] = make()
        return found

    def _held_place(self) -> Any:
        """Give the extension's TextFile, None if there is none now."""
        return self._gathering

    def _native_place(self) -> Any:
        """Give the extension's TextFile, None while not prepared, or raise NeedsPython."""
        if type(self._stream) not in _STREAMS_OF_IO:
            raise NeedsPython(
                f"the stream is an instance of {type(self._stream).__name__}, whose write() is "
                "called for each record"
            )
        return self._gathering

    @property
    def _encoding(self) -> str | None:
        """What lines have to fit in; None: any."""
        return getattr(self._stream, "encoding", None)

    def _open(self) -> None:
        """Have the stream: the first user comes."""
        each = self._auto_flush
        self._flushes_each = is_terminal(self._stream) if each is None else each
        if EVENTS is not None and type(self._stream) in _STREAMS_OF_IO:
            self._gathering = EVENTS.TextFile(
                self._stream, self._begun, each=self._flushes_each, spare=_spare_of(self._stream)
            )

    def _close(self) -> None:
        """Be done with the stream: the last user has gone."""
        goes_on = self._goes_on_without_the_stream()
        gathering, self._gathering = self._gathering, None
        if gathering is not None:
            gathering.close()
        if not goes_on:
            self._flush_stream()

    def _close_failed(self) -> None:
        """Be done with the stream that the header could not be written to."""
        self._gathering = None

    def _begun(self) -> None:
        """See that what waits now is flushed in time."""
        if self._flusher.running:
            return  # nor wait for it: it may hold the lock, and the disk be slow
        with self._lock:
            if self._users:
                self._start_flusher()

    def _written(self) -> None:
        """See that what was just written is flushed when it should be."""
        if self._flushes_each:
            self._flush()
        else:
            self._start_flusher()

    def _start_flusher(self) -> None:
        if self._is_flushed_in_time() and not self._flusher.running:
            self._flusher.start()

    def _is_flushed_in_time(self) -> bool:
        return not self._flushes_each and type(self._stream) in _STREAMS_OF_IO

    def _flush_in_background(self) -> bool:
        with self._lock:
            if not self._users:
                self._flusher.running = False
                return False
            self._flush_or_keep()
            return True

    def _flush_or_keep(self) -> None:
        """Write what is not written yet; a failure is told by the next `record` or `finalize`."""
        if self._failure is None:
            try:
                self._flush()
            except (OSError, ValueError) as failure:
                if comes_of_a_signal(failure):
                    raise
                self._keep(failure)

    def _flush(self) -> None:
        if self._gathering is not None:
            self._gathering.flush()
        if not self._goes_on_without_the_stream():
            self._flush_stream()

    def _goes_on_without_the_stream(self) -> bool:
        """Whether the program has closed the screen's stream, and not the screen."""
        gathering: Any = self._gathering
        stream: Any = self._stream
        return gathering is not None and gathering.fileno() >= 0 and stream.closed

    def _flush_stream(self) -> None:
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


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal."""
    try:
        return bool(stream.isatty())
    except (AttributeError, OSError, ValueError):  # it has none, or is closed
        return False


def _spare_of(stream: Any) -> int:
    """Another descriptor of the screen, for when the program closes ``sys.stdout``; -1: none."""
    if stream is not sys.stdout:
        return -1
    try:
        return os.dup(stream.fileno())
    except (OSError, ValueError):  # it is closed, or none of the system's
        return -1
