"""Where a session publishes and where viewers find it, from before it is bound until its end."""

from __future__ import annotations

import os

from pikos.errors import AddressError
from pikos.publishing.session_directory import SessionDirectory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.publishing.socket_path import SocketPath


class Place:
    """The address and the session directory of one session.

    A session that was given an address does without a directory where none can be made; then
    ``pikos ps`` does not list it.

    Parameters
    ----------
    address
        As the user gave it; None for a socket in the session directory.
    keys
        Whether CURVE keys let in only whom they name.

    Raises
    ------
    AddressError
        If the address is refused, or is in use, or no directory can be made for the default one.

    Fork: the child calls ``forget``; everything stays the parent's

    """

    def __init__(self, address: str | None, *, keys: bool) -> None:
        self._directory: SessionDirectory | None = None
        self._socket: SocketPath | None = None
        self.endpoint: str
        """What is to be bound."""
        if address is None:
            self._directory = SessionDirectory.make()
            self.endpoint = self._directory.endpoint
            return
        self.endpoint, self._socket = _claimed(address, keys=keys)
        try:
            self._directory = SessionDirectory.make()
        except AddressError:
            pass
        except BaseException:
            self.close()
            raise

    @property
    def ledger(self) -> bytes | None:
        """Where a profiler keeps what it counts; None where there is no directory for it."""
        return None if self._directory is None else os.fsencode(self._directory.ledger)

    def announce(
        self, bound: str, argv: Sequence[str], started_unix_ns: int, publishes: str = "profile"
    ) -> None:
        """Let viewers find the session, now that its socket is bound.

        Raises
        ------
        AddressError
            If they cannot be told.

        """
        try:
            if self._socket is not None:
                self._socket.bound()
            if self._directory is not None:
                self._directory.announce(bound, argv, started_unix_ns, publishes)
        except OSError as error:
            raise AddressError(bound, f"the session cannot be announced: {error}") from error

    def bound_again(self) -> None:
        """Take note that the socket is being made anew where it was (after a fork)."""
        if self._socket is not None:
            self._socket.bound_again()

    def close(self) -> None:
        """Remove what is ours, now that the socket is closed."""
        if self._socket is not None:
            self._socket.release()
        if self._directory is not None:
            self._directory.remove()

    def forget(self) -> None:
        """Let go of it all without touching any of it: it is another process's."""
        if self._socket is not None:
            self._socket.forget()
        if self._directory is not None:
            self._directory.forget()


def _claimed(address: str, *, keys: bool) -> tuple[str, SocketPath | None]:
    """Check a given address, and claim the path of its socket if it has one."""
    from pathlib import Path  # noqa: PLC0415 - slow, and seldom needed

    from pikos.publishing.addresses import checked  # noqa: PLC0415 - as above
    from pikos.publishing.socket_path import SocketPath  # noqa: PLC0415 - as above

    endpoint = checked(address, keys=keys)
    if not endpoint.startswith("ipc://"):
        return endpoint, None
    return endpoint, SocketPath(Path(endpoint.removeprefix("ipc://")))
