"""``python -m pikos.cli.ledger_saver``: save the profile of a process that cannot do it itself.

``pikos run`` starts it when a signal ends a program during a C call, and when the program has
broken what Python needs to save it; it reads what was counted from the program's ledger.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pikos.cli.streams import STDOUT
from pikos.errors import PikosError
from pikos.live.ledger_state import LedgerState, gone_at
from pikos.live.text import safe
from pikos.real_time.endings import write_error
from pikos.recording.container import SUFFIX
from pikos.recording.writer import RecordingWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME_MAX_BYTES = 255
"""Bytes of a file's name, on most file systems."""


def main(arguments: Sequence[str]) -> int:
    """Keep what a ledger has in a recording, or print it.

    Parameters
    ----------
    arguments
        The command that the user gave, and why the process cannot save, for messages; the
        ledger's file; the file that the command was to write; the recording that has the profile
        anyway; in what order to print it.  Each of the last three may be empty.

    Returns
    -------
    int
        The exit status: 1 if something is lost.

    """
    prog, why, ledger, outfile, recording, sort = arguments
    try:
        frames = [] if recording and not sort else _frames(ledger)
        if outfile:
            if not recording:
                recording = _recording_beside(outfile)
                _keep(frames, recording)
            where = "standard output" if outfile == STDOUT else safe(outfile)
            write_error(
                f"{prog}: {why}, so {where} was not written; the profile is in "
                f"{safe(recording)}: see it with pikos report\n"
            )
        if sort:
            _print(frames, sort)
    except (OSError, PikosError) as error:
        write_error(f"{prog}: {why}, and the profile is lost: {error}\n")
        return 1
    return 0


def _frames(ledger: str) -> list[bytes]:
    return list(LedgerState(ledger, living=True).frames(reason=gone_at()))


def _recording_beside(outfile: str) -> str:
    """The name of the recording that is made instead of a file, cut where it would be too long."""
    if outfile == STDOUT:
        return os.path.abspath(f"pikos-{os.getppid()}{SUFFIX}")
    directory, name = os.path.split(outfile)
    stem = os.fsencode(name)[: NAME_MAX_BYTES - len(SUFFIX)]
    return os.path.join(directory, os.fsdecode(stem) + SUFFIX)


def _keep(frames: list[bytes], path: str) -> None:
    with RecordingWriter(path) as writer:
        for frame in frames:
            writer.write(frame)
    if writer.failure is not None:
        raise writer.failure


def _print(frames: list[bytes], sort: str) -> None:
    from pikos.cli.delivery import stats_text  # these take longer than to keep a recording
    from pikos.export.pstats_file import stats_of
    from pikos.live.streams import Streams
    from pikos.model import Model
    from pikos.real_time.profile import PortableStats

    model, streams = Model(), Streams()
    for frame in frames:
        message = streams.take(frame)
        if message is not None:
            model.fold(message)
    write_error(stats_text(PortableStats(stats_of(model.snapshot())), sort))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
