"""A recorder that writes each record as a row of comma-separated values."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from pikos.recorders.escaping import cell_of, encodable
from pikos.recorders.native_format import csv_format
from pikos.recorders.stream_recorder import StreamRecorder, TextStream, is_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.recorders.abstract_recorder import Accept


class CSVRecorder(StreamRecorder):
    r"""Write each record to a stream as a row of a CSV file.

    The first `prepare` writes a header row, the names of the fields; records without named
    fields, such as plain tuples, have none.  Rows end with ``\r\n`` unless ``lineterminator``
    says otherwise, so open a file for it with ``newline=""``.  On a terminal, characters that
    would disturb it are written as escapes.

    Parameters
    ----------
    stream
        Where to write.  It is flushed by the last `finalize`, and not closed.
    filter_
        A callable that takes a record, which is recorded if the answer is true; by default
        every record is.
    auto_flush
        Flush the stream after the header and after each record; else rows are gathered, and
        written within a second.  By default records on a terminal are flushed, others are not.
    safe
        For files that are opened as spreadsheets: a text that a spreadsheet would take for a
        formula (it begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return) gets an
        apostrophe before it.  Numbers stay as they are.
    **csv_kwargs
        For `csv.writer`: ``dialect``, ``delimiter``, ``lineterminator``, ...

    Raises
    ------
    TypeError
        If `csv.writer` does not know an argument.

    """

    def __init__(
        self,
        stream: TextStream,
        filter_: Accept | None = None,
        *,
        auto_flush: bool | None = None,
        safe: bool = False,
        **csv_kwargs: Any,
    ) -> None:
        super().__init__(stream, filter_, auto_flush=auto_flush)
        self._cell = cell_of(is_safe=safe, is_shown=is_terminal(stream))
        self._csv_kwargs = csv_kwargs
        self._writer: Any = csv.writer(stream, **csv_kwargs)

    def _begin(self, record_type: type) -> None:
        fields = getattr(record_type, "_fields", None)
        if not self._header_is_due or fields is None:
            return
        self._write(fields)

    def _native_format(self, _record_type: type, fields: Sequence[str]) -> Any:
        encoding = self._encoding
        return self._kept_format(
            (encoding, *fields),
            lambda: csv_format(fields, self._csv_kwargs, self._cell, encoding=encoding),
        )

    def _write(self, record: Any) -> None:
        cells = list(map(self._cell, record))
        try:
            self._writer.writerow(cells)
        except UnicodeEncodeError as error:
            encoding = error.encoding
            self._writer.writerow(
                [encodable(cell, encoding) if isinstance(cell, str) else cell for cell in cells]
            )


def terminator_of(csv_kwargs: dict[str, Any]) -> str:
    """Return what a row ends with that is written with some arguments of ``csv.writer``."""
    return csv.writer(io.StringIO(), **csv_kwargs).dialect.lineterminator
