"""The options of a program that is run under a monitor, and what they stand for."""

from __future__ import annotations

import os
import sys

from pikos.cli.options import option
from pikos.cli.streams import STDOUT, keep_stdout, open_stdout_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from pikos.cli.record_filter import FilterGiven
    from pikos.recorders.abstract_recorder import Accept
    from pikos.recorders.api import AbstractRecorder

MONITORS = {
    "functions": "function_monitor",
    "line_memory": "line_memory_monitor",
    "lines": "line_monitor",
    "function_memory": "function_memory_monitor",
    "function_time": "function_time_monitor",
    "line_time": "line_time_monitor",
}
"""For each monitor its factory in ``pikos.api``."""

PROFILER = "real_time"
"""What is among the monitors' names, and is the real-time profiler."""

RECORDINGS = ("screen", "text", "csv")
TEXT_NAME = "monitor_records.log"
CSV_NAME = "monitor_records.csv"

FILTER_SYNTAX = "FIELD=VALUE[,VALUE...], FIELD!=VALUE[,VALUE...] or changed:FIELD"
"""What a filter can be, for messages."""


def _names(text: str) -> list[str]:
    names = [_in_utf_8(name.strip()) for name in text.split(",")]
    if not all(names):
        raise ValueError(f"{text!r} is no list of names with commas between them")
    return names


def _in_utf_8(name: str) -> str:
    """Decode a word anew that is not in the locale's encoding: source files are UTF-8."""
    return os.fsencode(name).decode("utf-8", "surrogateescape")


def _filter(text: str) -> FilterGiven:
    from pikos.cli.record_filter import filter_given

    return filter_given(text)


OPTIONS = (
    option(
        "--buffered",
        action="store_true",
        help="Use a buffered stream on a terminal too: records are written within a second, in "
        "blocks, as they are into a pipe or a file.",
    ),
    option(
        "--flush-each",
        action="store_true",
        help="Write each record at once, into a pipe or a file too. That costs several times more.",
    ),
    option(
        "--recording",
        choices=RECORDINGS,
        help="Select the type of recording to use.",
    ),
    option(
        "--focused-on",
        type=_names,
        metavar="FOCUSED_ON",
        help="Provide the module path(s) of the method where recording will be focused. "
        "Comma separated list of importable functions, or functions and classes of the script, or "
        "file.py:function. They are found when the program has them.",
    ),
    option(
        "--filter",
        action="append",
        type=_filter,
        default=[],
        dest="filters",
        metavar="FILTER",
        help=f"Record only what passes: {FILTER_SYNTAX}. Given again: what passes all of them.",
    ),
    option(
        "--fields",
        type=_names,
        metavar="FIELDS",
        help="Comma separated list of the fields that each record has.",
    ),
    option(
        "--threads",
        choices=("all", "current"),
        default="all",
        help="Record all threads (the default), or only the one that runs the script.",
    ),
    option(
        "--debug",
        action="store_true",
        help="Print what makes the records, C or Python code, and why.",
    ),
)
"""The options, as ``pikos.cli.options`` declares them."""

_ONLY_RECORDS = {
    "buffered": "--buffered",
    "flush_each": "--flush-each",
    "recording": "--recording",
    "focused_on": "--focused-on",
    "filters": "--filter",
    "fields": "--fields",
    "debug": "--debug",
}
"""The options that make no sense without records, by their attribute."""


def refuse_record_options(options: argparse.Namespace, why: str) -> None:
    """Refuse what only makes sense with records.

    Parameters
    ----------
    options
        The command line, with ``fail``.
    why
        Why there are no records, and what to do.

    """
    for attribute, name in _ONLY_RECORDS.items():
        if getattr(options, attribute):
            options.fail(f"{name}: {why}")


def recorder_of(options: argparse.Namespace) -> AbstractRecorder:
    """Make the recorder that a command line asks for; it opens no file yet.

    Parameters
    ----------
    options
        With ``recording``, ``outfile``, ``buffered``, ``flush_each`` and ``filters``.

    Returns
    -------
    AbstractRecorder
        The recorder.  Of recordings on the screen, one to a text file if there is a name for it.

    """
    from pikos.api import recording
    from pikos.cli.record_filter import all_of

    accept = all_of(options.filters)
    if options.buffered and options.flush_each:
        options.fail("--buffered and --flush-each exclude each other: give one of them")
    each = options.flush_each
    if options.outfile == STDOUT:
        return _on_stdout(options, accept)
    name = options.outfile or default_outfile(options)
    if name is not None:
        file = recording.csv_file if options.recording == "csv" else recording.text_file
        return file(name, accept, auto_flush=each)
    if sys.stdout is None:
        options.fail("there is no standard output to record on: give -o FILE")
    return recording.screen(accept, auto_flush=_auto_flush(options))


def default_outfile(options: argparse.Namespace) -> str | None:
    """Name the file that is written without ``-o``; None: none is."""
    return {"csv": CSV_NAME, "text": TEXT_NAME}.get(options.recording)


def _auto_flush(options: argparse.Namespace) -> bool | None:
    return options.flush_each if options.flush_each or options.buffered else None


def _on_stdout(options: argparse.Namespace, accept: Accept | None) -> AbstractRecorder:
    """Make a recorder that has standard output for itself."""
    from pikos.recorders.csv_recorder import CSVRecorder
    from pikos.recorders.text_stream_recorder import TextStreamRecorder

    keep_stdout()
    stream, auto_flush = open_stdout_text(), _auto_flush(options)
    if options.recording == "csv":
        return CSVRecorder(stream, accept, auto_flush=auto_flush)
    return TextStreamRecorder(stream, accept, formatted=True, auto_flush=auto_flush)
