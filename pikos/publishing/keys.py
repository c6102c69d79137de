"""Read the CURVE keys of a publisher from the directory that ``pikos keygen`` wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pikos.live.keys import read_key

if TYPE_CHECKING:
    import os


class PublisherKeys(NamedTuple):
    """What a publisher needs: its own secret, and who may subscribe."""

    server_secret: str
    """Secret key of the publisher, Z85."""
    clients: tuple[str, ...]
    """Public keys of the viewers that are let in, Z85."""


def publisher_keys(directory: str | os.PathLike[str]) -> PublisherKeys:
    """Read what a publisher needs.

    Parameters
    ----------
    directory
        Where ``pikos keygen`` wrote.

    Returns
    -------
    PublisherKeys
        The keys.

    Raises
    ------
    KeyFileError
        If a file is not there, not a key, or not safe from other users.

    """
    return PublisherKeys(
        read_key(directory, "server.secret", secret=True),
        (read_key(directory, "client.public", secret=False),),
    )
