"""Recording what a subscription hears, for the verbs that can."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pikos.cli.streams import STDOUT, print_error
from pikos.errors import RecordingError
from pikos.live.client import Subscription
from pikos.live.text import safe
from pikos.recording.replay import Replay
from pikos.recording.writer import SIZE_MAX, RecordingWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.live.last_state import StillState


@contextlib.contextmanager
def recorded(
    source: Subscription | Replay | StillState, path: str | None
) -> Iterator[RecordingWriter | None]:
    """Record a source meanwhile.

    Parameters
    ----------
    source
        What is listened to.
    path
        Where to write the recording; None for nowhere.

    Yields
    ------
    RecordingWriter or None
        The recording.

    Raises
    ------
    RecordingError
        As for ``recording_of``.

    """
    if path is None:
        yield None
    else:
        with recording_of(source, path) as writer:
            yield writer


def recording_of(
    source: Subscription | Replay | StillState, path: str, max_bytes: int | None = None
) -> RecordingWriter:
    """Record a source from now on.

    Parameters
    ----------
    source
        What is listened to.
    path
        Where to write the recording.
    max_bytes
        Bytes that it may have; None for as many as usual.

    Returns
    -------
    RecordingWriter
        The recording.

    Raises
    ------
    RecordingError
        If it cannot be written there, or the source is a recording itself.

    """
    if isinstance(source, Replay):
        raise RecordingError(path, "what is replayed is recorded already; copy that file")
    check_path(path)
    writer = RecordingWriter(path, max_bytes=max_bytes or SIZE_MAX)
    if isinstance(source, Subscription):
        writer.ask = source.ask_for_state
        source.meanwhile = writer.catch_up
    source.tap = writer.hear
    return writer


def check_path(path: str) -> None:
    """Refuse standard output for a recording.

    Raises
    ------
    RecordingError
        If that is what the path stands for.

    """
    if path == STDOUT:
        raise RecordingError(
            path, "a recording cannot be written to standard output, as it is thinned; name a file"
        )


def status_of(prog: str, writer: RecordingWriter) -> int:
    """Tell the exit status of recording, and why it is not 0.

    Parameters
    ----------
    prog
        The command, for the message.
    writer
        The recording.

    Returns
    -------
    int
        1 if something could not be written.

    """
    if writer.failure is None:
        return 0
    print_error(
        f"{prog}: {safe(writer.path)}: {writer.failure.strerror}; the {writer.messages:,} messages "
        "before that are kept"
    )
    return 1
