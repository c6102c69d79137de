"""``pikos keygen``: make the CURVE keys of a publisher and its viewers."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pikos.errors import KeyFileError

if TYPE_CHECKING:
    import argparse

HELP = "make keys for publishing to other machines"

NAMES = ("server", "client")
"""Whose keys: the publisher's and the viewers'."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_NEW |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos keygen``.

    """
    parser.add_argument("directory", metavar="DIR", help="where to write the keys; made if need be")


def run(options: argparse.Namespace) -> int:
    """Make the keys.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        0.

    Raises
    ------
    KeyFileError
        If a key is there already, or the directory is not this user's alone.

    """
    directory = Path(options.directory)
    write_keys(directory)
    print(f"Keys written to {str(directory)!r}.")
    print("The program needs server.secret and client.public;")
    print("viewers need server.public, client.secret and client.public.")
    return 0


def write_keys(directory: Path) -> None:
    """Write two new pairs of keys; all of them or none.

    Parameters
    ----------
    directory
        Where to; made if it is not there.

    Raises
    ------
    KeyFileError
        If a key is there already, or the directory is not this user's alone.

    """
    import zmq  # slow, and this verb's only

    _make_private(directory)
    written: list[Path] = []
    try:
        for name in NAMES:
            public, secret = zmq.curve_keypair()
            _write(directory / f"{name}.secret", secret, written)
            _write(directory / f"{name}.public", public, written)
    except BaseException:
        for path in written:
            path.unlink()
        raise


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = directory.stat()
    except OSError as error:
        raise KeyFileError(str(directory), f"{error.strerror}; name a directory") from None
    if sys.platform == "win32":
        return
    if facts.st_uid != os.geteuid() or facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            str(directory), "other users may enter this directory; name a new one, or chmod 700 it"
        )


def _write(path: Path, key: bytes, written: list[Path]) -> None:
    try:
        descriptor = os.open(path, _NEW, 0o600)
    except FileExistsError:
        raise KeyFileError(
            str(path), "it is there already; name another directory, or remove the old keys"
        ) from None
    except OSError as error:
        raise KeyFileError(str(path), f"{error.strerror}") from None
    written.append(path)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key + b"\n")
