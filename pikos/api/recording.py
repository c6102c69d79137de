"""The factories of recorders: where the records of a monitor usually go."""

# ruff: noqa: PLC0415 - a recorder is imported when it is asked for

from __future__ import annotations

import sys
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


def screen(filter_: Accept | None = None, *, auto_flush: bool | None = None) -> TextStreamRecorder:
    """Make a recorder that writes formatted lines to what ``sys.stdout`` is now.

    Parameters
    ----------
    filter_
        A callable that takes a record, which is recorded if the answer is true.
    auto_flush
        Flush each line; by default that is done on a terminal, and elsewhere lines are gathered
        and written within a second.

    Returns
    -------
    TextStreamRecorder
        The recorder.

    """
    from pikos.recorders.text_stream_recorder import TextStreamRecorder

    return TextStreamRecorder(sys.stdout, filter_=filter_, formatted=True, auto_flush=auto_flush)


def text_file(
    filename: str | os.PathLike[str] | None = None,
    filter_: Accept | None = None,
    **settings: Any,
) -> TextFileRecorder:
    """Make a recorder that writes formatted lines to a file.

    Parameters
    ----------
    filename
        The file, ``monitor_records.log`` by default.  It is opened when recording begins.
    filter_
        A callable that takes a record, which is recorded if the answer is true.
    **settings
        Others of `TextFileRecorder`: ``append``, ``auto_flush``, ``drop``.

    Returns
    -------
    TextFileRecorder
        The recorder.

    """
    from pikos.recorders.text_file_recorder import TextFileRecorder

    name = "monitor_records.log" if filename is None else filename
    return TextFileRecorder(name, filter_=filter_, formatted=True, **settings)


def csv_file(
    filename: str | os.PathLike[str] | None = None,
    filter_: Accept | None = None,
    **settings: Any,
) -> CSVFileRecorder:
    """Make a recorder that writes comma-separated values to a file.

    Parameters
    ----------
    filename
        The file, ``monitor_records.csv`` by default.  It is opened when recording begins.
    filter_
        A callable that takes a record, which is recorded if the answer is true.
    **settings
        Others of `CSVFileRecorder`: ``append``, ``auto_flush``, ``safe``, ``delimiter``, ...

    Returns
    -------
    CSVFileRecorder
        The recorder.

    """
    from pikos.recorders.csv_file_recorder import CSVFileRecorder

    name = "monitor_records.csv" if filename is None else filename
    return CSVFileRecorder(name, filter_=filter_, **settings)


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
