"""The factories of recorders: where the records of a monitor usually go."""

# ruff: noqa: PLC0415 - a recorder is imported when it is asked for

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from pikos.recorders.abstract_recorder import Accept
    from pikos.recorders.api import (
        CSVFileRecorder,
        ListRecorder,
        TextFileRecorder,
        TextStreamRecorder,
        ZeroMQRecorder,
    )


def screen(
    filter_: Accept | None = None, formatted: bool = True, auto_flush: bool | None = None
) -> TextStreamRecorder:
    """Make a recorder that writes lines to what ``sys.stdout`` is now.

    Parameters
    ----------
    filter_
        A callable that takes a record, which is recorded if the answer is true.
    formatted
        Align the values, as the records' own templates say; `TextStreamRecorder` does not by
        default.
    auto_flush
        Flush each line; by default that is done on a terminal, and elsewhere lines are gathered
        and written within a second.

    Returns
    -------
    TextStreamRecorder
        The recorder.

    """
    from pikos.recorders.text_stream_recorder import screen_recorder

    return screen_recorder(filter_, formatted, auto_flush)


def text_file(
    filename: str | os.PathLike[str] | None = None,
    filter_: Accept | None = None,
    formatted: bool = True,
    auto_flush: bool = False,
    *,
    append: bool = False,
    drop: bool = False,
) -> TextFileRecorder:
    """Make a recorder that writes lines to a file.

    Parameters
    ----------
    filename
        The file, ``monitor_records.log`` by default.  It is opened when recording begins.
    filter_
        A callable that takes a record, which is recorded if the answer is true.
    formatted
        Align the values, as the records' own templates say; `TextFileRecorder` does not by
        default.
    auto_flush, append, drop
        Those of `TextFileRecorder`.

    Returns
    -------
    TextFileRecorder
        The recorder.

    """
    from pikos.recorders.text_file_recorder import TextFileRecorder

    return TextFileRecorder(filename, filter_, formatted, auto_flush, append=append, drop=drop)


def csv_file(
    filename: str | os.PathLike[str] | None = None,
    filter_: Accept | None = None,
    *,
    append: bool = False,
    drop: bool = False,
    auto_flush: bool = False,
    safe: bool = False,
    **csv_kwargs: Any,
) -> CSVFileRecorder:
    """Make a recorder that writes comma-separated values to a file.

    Parameters
    ----------
    filename
        The file, ``monitor_records.csv`` by default.  It is opened when recording begins.
    filter_
        A callable that takes a record, which is recorded if the answer is true.
    append, drop, auto_flush, safe
        Those of `CSVFileRecorder`.
    **csv_kwargs
        For `csv.writer`: ``dialect``, ``delimiter``, ``lineterminator``, ...

    Returns
    -------
    CSVFileRecorder
        The recorder.

    """
    from pikos.recorders.csv_file_recorder import CSVFileRecorder

    return CSVFileRecorder(
        filename,
        filter_,
        append=append,
        drop=drop,
        auto_flush=auto_flush,
        safe=safe,
        **csv_kwargs,
    )


def record_list(filter_: Accept | None = None) -> ListRecorder:
    """Make a recorder that keeps records in memory, as the list ``records``.

    Parameters
    ----------
    filter_
        A callable that takes a record, which is recorded if the answer is true.

    Returns
    -------
    ListRecorder
        The recorder.

    """
    from pikos.recorders.list_recorder import ListRecorder

    return ListRecorder(filter_=filter_)


def zeromq(*args: Any, **settings: Any) -> ZeroMQRecorder:
    """Make a recorder that publishes records to viewers: ``pikos top`` shows them live.

    Parameters
    ----------
    *args, **settings
        Those of `ZeroMQRecorder`.

    Returns
    -------
    ZeroMQRecorder
        The recorder.

    """
    from pikos.recorders.zeromq_recorder import ZeroMQRecorder

    return ZeroMQRecorder(*args, **settings)


csvfile = csv_file
textfile = text_file
