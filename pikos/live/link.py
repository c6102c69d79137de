"""The socket of a subscription: opened, looked after, read without waiting for anybody."""

from __future__ import annotations

import contextlib
import math
import sys
from typing import TYPE_CHECKING

import zmq

from pikos.errors import AddressError
from pikos.wire.tables import MESSAGE_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pikos.live.keys import ViewerKeys

QUEUE_MAX = 32
"""Messages that may wait to be received; what does not fit is dropped."""

RECONNECT_MS = 50
RECONNECT_MAX_MS = 1000
"""Milliseconds between two tries to reach a publisher: from the first to the longest."""

_EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_DISCONNECTED
)


class Link:
    """A subscribing socket with a context of its own.

    Parameters
    ----------
    addresses
        Where to connect.
    keys
        CURVE keys, or None.
    clock
        Present time in seconds.

    Raises: AddressError from the constructor
    Threads: one at a time
    """

    def __init__(
        self, addresses: Sequence[str], keys: ViewerKeys | None, clock: Callable[[], float]
    ) -> None:
        self.state = "nobody answers there"
        """What is known of the connection, for people."""
        self.refused = False
        """Whether the publisher refuses these keys."""
        self.disconnects = 0
        """How often a connection ended."""
        self.connected = 0
        """Connections that are open."""
        self._addresses = tuple(addresses)
        self._clock = clock
        self._lost_at = math.inf
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._monitor = self._socket.get_monitor_socket(_EVENTS)
        _configure(self._socket, keys)
        for address in self._addresses:
            try:
                self._socket.connect(address)
            except zmq.ZMQError as error:
                self.close()
                raise AddressError(
                    address, f"{error.strerror}; tcp://HOST:PORT or ipc://PATH was expected"
                ) from None

    def wait(self, wait_s: float) -> bool:
        """Wait for a message.

        Parameters
        ----------
        wait_s
            How long at most, in seconds.

        Returns
        -------
        bool
            Whether there is one.

        """
        self._look_after()
        return bool(self._socket.poll(max(0, math.ceil(wait_s * 1000))))

    async def wait_async(self, wait_s: float) -> bool:
        """Wait for a message, leaving the event loop to others.

        Parameters
        ----------
        wait_s
            How long at most, in seconds.

        Returns
        -------
        bool
            Whether there is one; also true if there may be.

        """
        import asyncio  # noqa: PLC0415  # slow, and most viewers wait for a picture

        self._look_after()
        if self._socket.poll(0):
            return True
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._socket.fileno(), woken.set)
        try:
            await asyncio.wait_for(woken.wait(), wait_s)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._socket.fileno())
        return True

    def read(self) -> bytes | None:
        """Take a message.

        Returns
        -------
        bytes or None
            The message; None if there is none.

        """
        try:
            return self._socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def subscribe_anew(self) -> None:
        """Subscribe once more, which a publisher answers with the whole state."""
        self._socket.unsubscribe(b"")
        self._socket.subscribe(b"")

    def close(self) -> None:
        """Let go of everything.  A second time is fine."""
        self._monitor.close()
        self._socket.close()
        self._context.term()

    def _look_after(self) -> None:
        """Learn what became of the connections, and connect anew where libzmq gives up."""
        while self._monitor.poll(0):
            # pyzmq's own way to read it imports asyncio, for which a first picture would wait.
            event = int.from_bytes(self._monitor.recv_multipart()[0][:2], sys.byteorder)
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.state = "it is connected and says nothing"
                self.refused = False
                self._lost_at = math.inf
                self.connected += 1
            elif event == zmq.EVENT_DISCONNECTED:
                self.state = "the connection ended"
                self._lost_at = self._clock()
                self.disconnects += 1
                self.connected = max(0, self.connected - 1)
            else:
                self.refused = True
                self.state = "it refuses these keys, or they are not its own (see pikos keygen)"
        # A peer that sent too large a message is left alone by libzmq for ever.
        lost_s = self._clock() - self._lost_at
        if lost_s >= RECONNECT_MAX_MS / 1000 and not self._socket.poll(0):
            self._lost_at = math.inf
            for address in self._addresses:
                with contextlib.suppress(zmq.ZMQError):  # not there any more
                    self._socket.disconnect(address)
                self._socket.connect(address)


def _configure(socket: zmq.Socket[bytes], keys: ViewerKeys | None) -> None:
    socket.linger = 0
    socket.rcvhwm = QUEUE_MAX
    socket.maxmsgsize = MESSAGE_MAX
    socket.reconnect_ivl = RECONNECT_MS
    socket.reconnect_ivl_max = RECONNECT_MAX_MS
    socket.ipv6 = True
    if keys is not None:
        socket.curve_serverkey = keys.server_public.encode("ascii")
        socket.curve_secretkey = keys.client_secret.encode("ascii")
        socket.curve_publickey = keys.client_public.encode("ascii")
    socket.subscribe(b"")
