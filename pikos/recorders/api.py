"""Every recorder under one roof; the one that needs pyzmq is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.recorders.abstract_recorder import AbstractRecorder, RecorderError
from pikos.recorders.csv_file_recorder import CSVFileRecorder
from pikos.recorders.csv_recorder import CSVRecorder
from pikos.recorders.list_recorder import ListRecorder
from pikos.recorders.text_file_recorder import TextFileRecorder
from pikos.recorders.text_stream_recorder import TextStreamRecorder

if TYPE_CHECKING:
    from pikos.recorders.zeromq_recorder import ZeroMQRecorder

__all__ = [
    "AbstractRecorder",
    "CSVFileRecorder",
    "CSVRecorder",
    "ListRecorder",
    "RecorderError",
    "TextFileRecorder",
    "TextStreamRecorder",
    "ZeroMQRecorder",
]


def __getattr__(name: str) -> object:
    if name == "ZeroMQRecorder":
        from pikos.recorders.zeromq_recorder import ZeroMQRecorder  # noqa: PLC0415 - brings zmq

        return ZeroMQRecorder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
