"""A publisher in Python, for tests of viewers: speaks through the codec, on a thread of its own.

Like the real one it answers a subscription with a hello and a keyframe, numbers every message,
and never waits for anybody.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import zmq
from support.deadlines import DEADLINE_S
from support.session import PROGRAM, MadeUpSession

if TYPE_CHECKING:
    from collections.abc import Callable


class Publisher:
    """Publishes a made-up session.

    ``say`` hands it bytes to send; everything else happens by itself.
    """

    def __init__(
        self,
        address: str = "tcp://127.0.0.1:*",
        *,
        session: MadeUpSession | None = None,
        state: dict[str, list[tuple[Any, ...]]] | None = None,
        interval_s: float = 0.02,
        keys: tuple[bytes, bytes] | None = None,
    ) -> None:
        self.session = session or MadeUpSession(interval_ns=round(interval_s * 1e9))
        self.state = PROGRAM if state is None else state
        self.subscriptions = 0
        self.sent = 0
        self.silent = False
        self.skip_in_keyframes = False
        self._later: list[tuple[int, Any]] = []
        self._queue: deque[Any] = deque()
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.linger = 200
        self._socket.sndhwm = 64
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        if keys is not None:
            self._socket.curve_server = True
            self._socket.curve_publickey, self._socket.curve_secretkey = keys
        self._socket.bind(address)
        self.address = self._socket.last_endpoint.decode()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, message: bytes) -> None:
        """Send these bytes, whatever they are."""
        self._queue.append(message)

    def say_made(self, make: Callable[[], bytes]) -> None:
        """Send the bytes that are made when it is their turn, so that their number is the next."""
        self._queue.append(lambda: self._send(make()))

    def skip(self, count: int) -> None:
        """Number messages that nobody will ever get."""
        self._queue.append(lambda: self._skip(count))

    def bye(self, reason: str = "the program ended") -> None:
        """Say goodbye, and nothing any more."""
        self._queue.append(lambda: self._bye(reason))

    def after(self, count: int, action: Any) -> None:
        """Do something once so many messages have been sent."""
        self._later.append((count, action))

    def close(self) -> None:
        self._stop.set()
        self._thread.join(DEADLINE_S)
        self._socket.close()
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._socket.poll(self._interval_s * 1000) and self._socket.recv()[:1] == b"\x01":
                self.subscriptions += 1
                if not self.silent:
                    for message in self.session.keyframe(**self.state)[self.skip_in_keyframes :]:
                        self._send(message)
            for due in [due for due in self._later if due[0] <= self.sent]:
                self._later.remove(due)
                due[1]()
            while self._queue:
                item = self._queue.popleft()
                if callable(item):
                    item()
                else:
                    self._send(item)
            if not self.silent and self.subscriptions:
                self._send(self.session.rows(open_call=self.state.get("open_call", [])))

    def _send(self, message: bytes) -> None:
        self.sent += 1
        self._socket.send(message)

    def _skip(self, count: int) -> None:
        self.session.sequence += count

    def _bye(self, reason: str) -> None:
        self._send(self.session.bye(reason))
        self.silent = True


def until(condition: Any, what: str) -> None:
    """Wait for something to be true, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in {DEADLINE_S} s: {what}"
        time.sleep(0.005)
