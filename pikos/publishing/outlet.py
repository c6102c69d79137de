"""The socket that a session is published on from Python: it never waits for a viewer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pikos.errors import AddressError

if TYPE_CHECKING:
    from pikos.publishing.keys import PublisherKeys

QUEUE_MAX = 64
"""Messages that may wait for one viewer; what does not fit is dropped, and missed by that viewer
alone."""

_REQUEST_MAX = 4096  # bytes; viewers send nothing but subscriptions
_PIPES = 8  # with as many descriptors as libzmq may need
_SUBSCRIBED, _UNSUBSCRIBED = b"\x01", b"\x00"
_GATE = "inproc://zeromq.zap.01"  # where libzmq asks whom to let in (ZeroMQ RFC 27)


class Outlet:
    """A publishing socket with a context of its own.

    Parameters
    ----------
    endpoint
        What to bind, already checked.
    keys
        CURVE keys, or None.

    Raises: AddressError from the constructor
    Threads: one at a time
    Fork: close it before; one that was not closed may not be touched in the child
    """

    def __init__(self, endpoint: str, keys: PublisherKeys | None) -> None:
        import zmq  # noqa: PLC0415 - slow, and not always needed

        _check_descriptors(endpoint)
        self._zmq = zmq
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._gate: zmq.Socket[bytes] | None = None
        self._clients: frozenset[bytes] = frozenset()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.linger = 0
        self._socket.sndhwm = QUEUE_MAX
        self._socket.maxmsgsize = _REQUEST_MAX
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # each subscription is seen
        self._socket.ipv6 = endpoint.startswith("tcp://[")
        try:
            if keys is not None:
                self._lock_with(keys)
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise AddressError(endpoint, f"{error.strerror}; give another address") from None
        self.bound = str(self._socket.get_string(zmq.LAST_ENDPOINT)).rstrip("\0")
        """What is bound, with the port that the system chose."""

    def subscriptions(self) -> list[bool]:
        """Return what viewers asked for since the last time.

        Returns
        -------
        list of bool
            True for a subscription; False where nobody subscribes any more.

        """
        self._let_in()
        asked = []
        while self._socket.poll(0):
            request = self._socket.recv(self._zmq.NOBLOCK)[:1]
            if request in {_SUBSCRIBED, _UNSUBSCRIBED}:
                asked.append(request == _SUBSCRIBED)
        return asked

    def send(self, message: bytes) -> None:
        """Send a message to whoever subscribes and has room for it."""
        self._socket.send(message, self._zmq.NOBLOCK)

    def close(self, linger_s: float = 0.0) -> None:
        """Let go of everything.

        Parameters
        ----------
        linger_s
            Seconds that viewers have, at most, to take what was sent.

        """
        if self._gate is not None:
            self._gate.close()
        self._socket.close(linger=round(linger_s * 1000))
        self._context.term()

    def _lock_with(self, keys: PublisherKeys) -> None:
        """Let in only those whose key is known; without keys nobody is asked for one."""
        from zmq.utils import z85  # noqa: PLC0415 - as zmq itself

        self._clients = frozenset(z85.decode(key) for key in keys.clients)
        self._gate = self._context.socket(self._zmq.REP)
        self._gate.linger = 0
        self._gate.bind(_GATE)
        secret = keys.server_secret.encode("ascii")
        self._socket.zap_domain = b"pikos"
        self._socket.curve_server = True
        self._socket.curve_secretkey = secret
        self._socket.curve_publickey = self._zmq.curve_public(secret)

    def _let_in(self) -> None:
        """Answer libzmq's questions whether a viewer with some key may come in."""
        while self._gate is not None and self._gate.poll(0):
            version, request, *rest = self._gate.recv_multipart(self._zmq.NOBLOCK)
            mechanism, *credentials = rest[3:] or [b""]
            known = mechanism == b"CURVE" and self._clients.issuperset(credentials[:1] or [b""])
            status = (b"200", b"OK") if known else (b"400", b"not a key that is let in")
            self._gate.send_multipart([version, request, *status, b"", b""], self._zmq.NOBLOCK)


def _check_descriptors(endpoint: str) -> None:
    """See that there are enough of them: libzmq aborts the process if it gets too few."""
    pipes: list[int] = []
    try:
        for _ in range(_PIPES):
            pipes += os.pipe()
    except OSError as error:
        raise AddressError(endpoint, f"{error.strerror}; close some files") from None
    finally:
        for descriptor in pipes:
            os.close(descriptor)
