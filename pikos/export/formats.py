"""The formats that a session's state can be exported in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pikos.errors import ExportError
from pikos.export.callgrind import callgrind
from pikos.export.chrome import chrome
from pikos.export.collapsed import collapsed
from pikos.export.csv_file import csv_file
from pikos.export.gecko import gecko
from pikos.export.html_report import html_report
from pikos.export.json_file import json_file
from pikos.export.pstats_file import pstats_file
from pikos.export.speedscope import speedscope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pikos.model import Snapshot

SIZE_MAX = 1 << 30
"""Bytes that an exported file may have: a file that says it is a profile may be anything."""


class Format(NamedTuple):
    """One format."""

    write: Callable[[Snapshot], Iterator[str] | Iterator[bytes]]
    """Makes the pieces of the file."""
    meaning: str
    """What reads it, in a few words."""
    has_stacks: bool = False
    """Whether it is made of stacks, not of functions."""
    takes_records: bool = False
    """Whether it has a place for records, too."""
    write_full_paths: Callable[[Snapshot], Iterator[str]] | None = None
    """Makes them with whole paths; None where they are never shortened."""


FORMATS = {
    "pstats": Format(pstats_file, "pstats, snakeviz"),
    "collapsed": Format(
        collapsed,
        "flamegraph.pl and other flame graphs; ns",
        has_stacks=True,
        write_full_paths=partial(collapsed, full_paths=True),
    ),
    "speedscope": Format(speedscope, "speedscope.app; ns", has_stacks=True),
    "chrome": Format(chrome, "chrome://tracing, Perfetto; µs", has_stacks=True),
    "callgrind": Format(callgrind, "KCachegrind, callgrind_annotate; ns"),
    "gecko": Format(gecko, "profiler.firefox.com; ms", has_stacks=True),
    "csv": Format(csv_file, "a table of functions, or the records", takes_records=True),
    "json": Format(json_file, "everything that is known, also for pikos diff", takes_records=True),
    "html": Format(html_report, "a page that stands alone"),
}
"""The formats by name."""


def export(snapshot: Snapshot, name: str, *, full_paths: bool = False) -> Iterator[bytes]:
    """Write a session in a format.

    Parameters
    ----------
    snapshot
        The session.
    name
        One of ``FORMATS``.
    full_paths
        Whether to write whole paths where the format shortens them.

    Returns
    -------
    iterator of bytes
        Pieces of the file.

    Raises
    ------
    ExportError
        If there is no format of that name, it has no place for what the session publishes, it
        never shortens paths, or the file would be huge.

    """
    form = FORMATS.get(name)
    if form is None:
        raise ExportError(name, f"there is no such format; give one of {', '.join(FORMATS)}")
    if snapshot.of_recorder and not form.takes_records:
        able = " or ".join(other for other, one in FORMATS.items() if one.takes_records)
        raise ExportError(
            name, f"this session publishes records, not a profile: export them as {able}"
        )
    if form.has_stacks and snapshot.stats and not snapshot.contexts:
        able = ", ".join(other for other, one in FORMATS.items() if not one.has_stacks)
        raise ExportError(name, f"there are no stacks, as in any pstats file: export as {able}")
    write = form.write_full_paths if full_paths else form.write
    if write is None:
        raise ExportError(name, "it always has whole paths: leave out --full-paths")
    return _bounded(write(snapshot), name)


def _bounded(pieces: Iterator[str] | Iterator[bytes], name: str) -> Iterator[bytes]:
    """Give pieces of a file as bytes, or raise when there are too many."""
    size_bytes = 0
    for piece in pieces:
        # A lone surrogate can only be in a file that was made up.
        data = piece if isinstance(piece, bytes) else piece.encode("utf-8", "backslashreplace")
        size_bytes += len(data)
        if size_bytes > SIZE_MAX:
            raise ExportError(
                name, f"it would have more than {SIZE_MAX:,} bytes; try csv, which is short"
            )
        yield data
