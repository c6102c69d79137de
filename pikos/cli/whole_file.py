"""Files that are written whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def whole_file(path: str) -> Iterator[str]:
    """Give the path of a new file, which takes the place of one when the block succeeds.

    Where it fails, what was there before is there still.  A symbolic link is replaced, and what it
    leads to is spared; a device or a pipe is given itself.

    Parameters
    ----------
    path
        The file that is to be written.

    Yields
    ------
    str
        What to write to, in the same directory.

    Raises
    ------
    OSError
        If the file cannot be replaced.

    """
    if os.path.exists(path) and not os.path.isfile(path):
        yield path
        return
    beside = f"{path}.{secrets.token_hex(8)}.part"
    try:
        yield beside
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
