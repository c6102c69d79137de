"""A recorder that writes each record as a row of a CSV file."""

from __future__ import annotations

import csv
import io
from typing import IO, TYPE_CHECKING, Any

from pikos.recorders.csv_recorder import CSVRecorder, terminator_of
from pikos.recorders.file_recorder import FileRecorder

if TYPE_CHECKING:
    import os

    from pikos.recorders.abstract_recorder import Accept


class CSVFileRecorder(FileRecorder, CSVRecorder):
    """Write each record to a file as a row of comma-separated values.

    Rows and header are those of `CSVRecorder`, the file's life is that of every `FileRecorder`.

    Parameters
    ----------
    filename
        The file, ``monitor_records.csv`` by default.  It is opened, and emptied, by the first
        `prepare`.
    filter_
        A callable that takes a record, which is recorded if the answer is true; by default
        every record is.
    append
        Keep what is in the file and write after it, without a header unless it is empty.
    drop
        Where the disk is slower than the program: drop records, and count them in `dropped`,
        rather than make other threads wait for the one that writes when 16 MiB are waiting.
    auto_flush
        Write each record to the file at once.
    safe
        Put an apostrophe before texts that a spreadsheet would take for a formula.
    **csv_kwargs
        For `csv.writer`: ``dialect``, ``delimiter``, ``lineterminator``, ...

    Raises
    ------
    TypeError
        If `csv.writer` does not know an argument.

    """

    def __init__(
        self,
        filename: str | os.PathLike[str] | None = None,
        filter_: Accept | None = None,
        *,
        append: bool = False,
        drop: bool = False,
        auto_flush: bool = False,
        safe: bool = False,
        **csv_kwargs: Any,
    ) -> None:
        super().__init__(io.StringIO(), filter_, auto_flush=auto_flush, safe=safe, **csv_kwargs)
        filename = "monitor_records.csv" if filename is None else filename
        self._set_up_file(filename, append=append, drop=drop, terminator=terminator_of(csv_kwargs))

    @property
    def _handle(self) -> IO[str] | None:
        """The open file, or None."""
        return self._file

    def _attach(self, file: IO[str] | None) -> None:
        self._stream = file
        self._writer = None if file is None else csv.writer(file, **self._csv_kwargs)
