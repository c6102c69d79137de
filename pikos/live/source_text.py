"""Reads source files for a viewer, of which strangers give the names."""

from __future__ import annotations

import io
import os
import stat
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LIBRARY = os.path.dirname(os.path.realpath(os.__file__))
"""The standard library of this interpreter, which may always be read."""

SOURCE_MAX = 5 * 1024 * 1024
"""Bytes that a source file may have."""


class SourceText(NamedTuple):
    """The text of a source file."""

    file: str
    """Its path, as a publisher tells it."""
    lines: tuple[str, ...]
    """Its lines, as they are: to be escaped before they are shown."""
    trouble: str
    """Why there are none, and what to do; empty if there are."""


BUILTIN_FILE = "~"
"""What stands for the file of a built-in function."""

NO_SOURCE = SourceText("", (), "no source was looked for")
"""Where there is no file to read."""


def read_source(file: str, roots: Sequence[str | os.PathLike[str]]) -> SourceText:
    """Read a source file, if it lies below a directory that the user has named.

    The standard library need not be named: it is nobody's secret.

    Parameters
    ----------
    file
        Its path, as a publisher tells it.
    roots
        Directories that may be read from; a relative path is looked for below each.

    Returns
    -------
    SourceText
        Its lines, or why there are none.

    """
    if file == BUILTIN_FILE:
        return SourceText(file, (), "a built-in function has none")
    trouble = f"{file} is not below {', '.join(map(str, roots))}: name its directory with "
    trouble += "--source-root DIR"
    for root in (*roots, LIBRARY) if os.path.isabs(file) else roots:
        base = os.path.realpath(root)
        try:
            found = Path(os.path.realpath(os.path.join(base, file)))
        except (OSError, ValueError) as error:  # NUL, a loop of links
            return SourceText(file, (), f"{file} cannot be read: {error}")
        if not found.is_relative_to(base):
            continue
        lines, trouble = _read(found)
        if lines:
            return SourceText(file, lines, "")
    return SourceText(file, (), trouble)


def _read(path: Path) -> tuple[tuple[str, ...], str]:
    """Read the lines of a file, or tell why there are none."""
    try:
        # A pipe must not keep the viewer waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        return (), f"{path} cannot be read: {error.strerror}"
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return (), f"{path} is no plain file"
        if facts.st_size > SOURCE_MAX:
            return (), f"{path} has more than {SOURCE_MAX >> 20} MiB"
        text = os.read(descriptor, SOURCE_MAX)
    except OSError as error:
        return (), f"{path} cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)
    if not text:
        return (), f"{path} is empty"
    return tuple(_decoded(text).removesuffix("\n").split("\n")), ""


def _decoded(text: bytes) -> str:
    """Decode source as the interpreter does; what it would refuse is shown all the same."""
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(text).readline)
        return text.decode(encoding, "replace")
    except (SyntaxError, ValueError, LookupError):  # an unknown encoding, or none of text
        return text.decode("utf-8-sig", "replace")
