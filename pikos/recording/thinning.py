"""Thins a recording: what is old becomes whole states further and further apart."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import NamedTuple

from pikos.live.session_lock import try_lock
from pikos.recording.container import (
    FLAG_KEYFRAME,
    FLAG_KEYFRAME_BEGIN,
    HEADER_SIZE,
    header,
)

_COPY_BYTES = 1 << 20


class Written(NamedTuple):
    """A block of the file."""

    offset: int
    """Where it begins."""
    size: int
    """Its bytes, with its start."""
    flags: int
    """Sum of ``container.FLAG_…``."""


def thinned(blocks: list[Written], room_bytes: int) -> list[Written]:
    """Choose the blocks that a smaller recording keeps.

    The newest blocks, from a keyframe on, fill half of the room; of those before them only
    keyframes stay, in the other half, every second one where there are too many: so the states
    of what is old are the further apart the older they are.

    Parameters
    ----------
    blocks
        The blocks of the recording.
    room_bytes
        Bytes that are to be kept, at most; more if the newest keyframe and what follows it are.

    Returns
    -------
    list of Written
        The blocks to keep, in order.

    """
    groups = _from_keyframe_on(blocks)
    newest: list[list[Written]] = []
    while groups and (not newest or _size([*newest, groups[-1]]) <= room_bytes // 2):
        newest.insert(0, groups.pop())
    older = [[block for block in group if block.flags & FLAG_KEYFRAME] for group in groups]
    while len(older) > 1 and _size(older) > room_bytes // 2:
        del older[1::2]
    if _size(older) > room_bytes // 2:
        older = []
    return [block for group in (*older, *newest) for block in group]


def moved(blocks: list[Written]) -> list[Written]:
    """The same blocks, one right after another."""
    at, result = HEADER_SIZE, []
    for block in blocks:
        result.append(block._replace(offset=at))
        at += block.size
    return result


def rewritten(path: str, descriptor: int, blocks: list[Written]) -> int:
    """Put a recording of some of the blocks in the place of a recording, at once or not at all.

    Parameters
    ----------
    path
        The recording.
    descriptor
        Its open file, locked; closed if it was replaced.
    blocks
        The blocks to keep.

    Returns
    -------
    int
        The open file that is at the path now, locked, at its end.

    Raises
    ------
    OSError
        If it cannot be written; then the recording is as it was.

    """
    made, beside = tempfile.mkstemp(prefix=".pikos-", dir=os.path.dirname(path) or ".")
    try:
        os.fchmod(made, stat.S_IRUSR | stat.S_IWUSR)
        try_lock(made)
        _write(made, header())
        for block in blocks:
            _copy(descriptor, made, block)
        os.replace(beside, path)
    except BaseException:
        os.close(made)
        os.unlink(beside)
        raise
    os.close(descriptor)
    return made


def _from_keyframe_on(blocks: list[Written]) -> list[list[Written]]:
    """Cut the blocks in front of each keyframe."""
    groups: list[list[Written]] = []
    for block in blocks:
        if not groups or block.flags & FLAG_KEYFRAME_BEGIN:
            groups.append([])
        groups[-1].append(block)
    return groups


def _size(groups: list[list[Written]]) -> int:
    return sum(block.size for group in groups for block in group)


def _copy(source: int, target: int, block: Written) -> None:
    at, end = block.offset, block.offset + block.size
    while at < end:
        part = os.pread(source, min(_COPY_BYTES, end - at), at)
        if not part:
            raise OSError("the recording was cut off by another process")
        _write(target, part)
        at += len(part)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
