"""Files that are written whole, or not at all."""

from __future__ import annotations

import os


class whole_file:  # noqa: N801 - used as a function is: with whole_file(path) as beside:
    """Give the path of a new file, which takes the place of one when the block succeeds.

    Where it fails, what was there before is there still.  A symbolic link is replaced, and what it
    leads to is spared; a device or a pipe is given itself.

    Parameters
    ----------
    path
        The file that is to be written.

    Raises
    ------
    OSError
        If the file cannot be replaced.

    """

    def __init__(self, path: str) -> None:
        self._path = path
        special = os.path.exists(path) and not os.path.isfile(path)
        self._beside = path if special else f"{path}.{os.urandom(8).hex()}.part"

    def __enter__(self) -> str:
        """Give what to write to, in the same directory."""
        return self._beside

    def __exit__(self, kind: type[BaseException] | None, *failure: object) -> None:
        if self._beside == self._path:
            return
        try:
            if kind is None:
                os.replace(self._beside, self._path)
                return
        except BaseException:
            self._remove()
            raise
        self._remove()

    def _remove(self) -> None:
        try:
            os.unlink(self._beside)
        except OSError:
            pass
