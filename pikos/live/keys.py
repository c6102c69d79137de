"""Reads CURVE keys from the directory that ``pikos keygen`` wrote."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import NamedTuple

from pikos.errors import KeyFileError

KEY_SIZE = 40
"""Characters of a key in Z85."""

_Z85 = frozenset(
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
)
_READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class ViewerKeys(NamedTuple):
    """What a viewer needs: whom it trusts, and its own pair."""

    server_public: str
    """Public key of the publisher, Z85."""
    client_secret: str
    """Secret key of the viewer, Z85."""
    client_public: str
    """Public key of the viewer, Z85."""


def viewer_keys(directory: str | os.PathLike[str]) -> ViewerKeys:
    """Read what a viewer needs.

    Parameters
    ----------
    directory
        Where ``pikos keygen`` wrote.

    Returns
    -------
    ViewerKeys
        The keys.

    Raises
    ------
    KeyFileError
        If a file is not there, not a key, or not safe from other users.

    """
    return ViewerKeys(
        read_key(directory, "server.public", secret=False),
        read_key(directory, "client.secret", secret=True),
        read_key(directory, "client.public", secret=False),
    )


def read_key(directory: str | os.PathLike[str], name: str, *, secret: bool) -> str:
    """Read one key.

    Parameters
    ----------
    directory
        Where ``pikos keygen`` wrote.
    name
        Name of the key's file.
    secret
        Whether nobody else may be able to read it.

    Returns
    -------
    str
        The key, Z85.

    Raises
    ------
    KeyFileError
        If the file is not there, not a key, or not safe from other users.

    """
    path = Path(directory, name)
    try:
        descriptor = os.open(path, _READING)
    except OSError as error:
        raise KeyFileError(
            str(path), f"{error.strerror}; make keys with pikos keygen DIR, and give that DIR"
        ) from None
    try:
        _check(path, os.fstat(descriptor), secret=secret)
        text = os.read(descriptor, KEY_SIZE + 3).strip()
    finally:
        os.close(descriptor)
    if len(text) != KEY_SIZE or not _Z85.issuperset(text):
        raise KeyFileError(str(path), f"not a key: {KEY_SIZE} characters of Z85 were expected")
    return text.decode("ascii")


def _check(path: Path, facts: os.stat_result, *, secret: bool) -> None:
    if sys.platform == "win32":
        return
    if not stat.S_ISREG(facts.st_mode):
        raise KeyFileError(str(path), "not a file")
    if facts.st_uid != os.geteuid():
        raise KeyFileError(
            str(path), "belongs to another user, who could replace it; make your own"
        )
    if secret and facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(str(path), f"other users may read it; chmod 600 {path}")
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise KeyFileError(str(path), f"other users may replace it; chmod 644 {path}")
