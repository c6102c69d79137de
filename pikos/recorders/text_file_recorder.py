"""A recorder that writes each record as a line of a text file."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

from pikos.recorders.file_recorder import FileRecorder
from pikos.recorders.text_stream_recorder import TextStreamRecorder

if TYPE_CHECKING:
    import os

    from pikos.recorders.abstract_recorder import Accept


class TextFileRecorder(FileRecorder, TextStreamRecorder):
    r"""Write each record to a file as one line that ends with ``\n``.

    Lines and header are those of `TextStreamRecorder`, the file's life is that of every
    `FileRecorder`.

    Parameters
    ----------
    filename
        The file, ``monitor_records.log`` by default.  It is opened, and emptied, by the first
        `prepare`.
    filter_
        A callable that takes a record, which is recorded if the answer is true; by default
        every record is.
    formatted
        Use the templates that the class of the records has as ``header`` and ``line``, if any.
    auto_flush
        Write each record to the file at once.
    append
        Keep what is in the file and write after it, without a header unless it is empty.
    drop
        Where the disk is slower than the program: drop records, and count them in `dropped`,
        rather than make other threads wait for the one that writes when 16 MiB are waiting.

    """

    def __init__(
        self,
        filename: str | os.PathLike[str] | None = None,
        filter_: Accept | None = None,
        formatted: bool = False,
        auto_flush: bool = False,
        *,
        append: bool = False,
        drop: bool = False,
    ) -> None:
        super().__init__(io.StringIO(), filter_, formatted, auto_flush)
        filename = "monitor_records.log" if filename is None else filename
        self._set_up_file(filename, append=append, drop=drop, terminator="\n")

    def _attach(self, file: IO[str] | None) -> None:
        self._stream = file
