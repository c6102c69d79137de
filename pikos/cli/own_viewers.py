"""The viewers that ``pikos run`` itself starts: the live table, and what writes a recording."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from pikos.cli.kept_output import KeptOutput
from pikos.cli.recorded import check_path
from pikos.cli.streams import is_screen
from pikos.recording.writer import RecordingWriter

if TYPE_CHECKING:
    import argparse

    from pikos.real_time.publication import PublishedProfile

_OWN_VIEWER_S = 5.0
"""Seconds that the program waits, at most, for its own viewers to be there."""
_LOOK_S = 0.1
"""Seconds between two looks whether a viewer is still running."""
_FAREWELL_S = 3.0
"""Seconds that the program's own viewers have, at most, to tell the end and go."""


class OwnViewers(NamedTuple):
    """The program's own viewers, each a process that listens to it."""

    table: subprocess.Popen[bytes] | None
    """The live table."""
    recorder: subprocess.Popen[bytes] | None
    """What writes the recording."""
    kept: KeptOutput | None
    """What the program writes, if the table is where it would go."""


def check_recording(options: argparse.Namespace) -> None:
    """Find out now whether the recording can be written.

    Raises
    ------
    RecordingError
        If it cannot.

    """
    if options.record is not None:
        check_path(options.record)
        RecordingWriter(options.record).close()


def start_viewers(profiler: PublishedProfile, options: argparse.Namespace) -> OwnViewers:
    """Start the viewers that are asked for, and wait until they are there.

    Parameters
    ----------
    profiler
        What publishes.
    options
        With ``record``, ``live``, ``keys`` and ``wait_for_viewer``.

    """
    recorder = table = kept = None
    if options.record is not None:
        bound = () if options.record_max is None else ("--record-max", str(options.record_max))
        recorder = _viewer("record", profiler, options, "-o", options.record, *bound)
        wait_for_viewer(profiler, recorder, _OWN_VIEWER_S)
        if recorder.poll() is not None:  # it has said why
            profiler.close()
            sys.exit(recorder.returncode)
    if options.live:
        kept = KeptOutput() if os.isatty(2) and is_screen() else None
        table = _viewer("top", profiler, options, kept=kept)
        wait_s = options.wait_for_viewer
        wait_for_viewer(profiler, table, _OWN_VIEWER_S if wait_s is None else wait_s)
    return OwnViewers(table, recorder, kept)


def wait_for_viewer(
    profiler: PublishedProfile, viewer: subprocess.Popen[bytes] | None, wait_s: float
) -> None:
    """Wait until somebody watches, though not for a viewer that could not start."""
    until = time.monotonic() + wait_s
    while (left_s := until - time.monotonic()) > 0:
        if profiler.wait_for_viewer(min(left_s, _LOOK_S)):
            return
        if viewer is not None and viewer.poll() is not None:
            return


def part_with(viewers: OwnViewers) -> int:
    """Let the viewers tell the end and go; the status is 1 where the recording failed."""
    table, recorder, kept = viewers
    for viewer in filter(None, (table, recorder)):
        try:
            viewer.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            viewer.terminate()
            _end(viewer)
    if kept is not None:
        kept.give_back(shown=table is not None and table.returncode == 0)
    return 0 if recorder is None or recorder.returncode == 0 else 1


def _end(viewer: subprocess.Popen[bytes]) -> None:
    """Wait for a viewer that was asked to end; kill one that cannot, as it is stopped."""
    try:
        viewer.wait(_FAREWELL_S)
    except subprocess.TimeoutExpired:
        viewer.kill()
        viewer.wait()


def _viewer(
    verb: str,
    profiler: PublishedProfile,
    options: argparse.Namespace,
    *arguments: str,
    kept: KeptOutput | None = None,
) -> subprocess.Popen[bytes]:
    """Start a viewer on stderr's terminal; a recorder apart from it, so that no key ends it."""
    command = [sys.executable, "-P", "-m", "pikos", verb, str(profiler.address), *arguments]
    if options.keys is not None:
        command += ["--keys", options.keys]
    if kept is not None:
        command += ["--kept-output", str(kept.descriptor)]
        passed, screen = (kept.descriptor,), kept.terminal
        keyboard = kept.keyboard
        return subprocess.Popen(
            command, pass_fds=passed, stdin=keyboard, stdout=screen, stderr=screen
        )
    apart = verb == "record"
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, start_new_session=apart)
