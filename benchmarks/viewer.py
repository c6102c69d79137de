"""The other process: a viewer that receives what a measured program publishes.

It says "ready", does what its mode is, and says what it found as one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zmq

from benchmarks.processor import pin_to_other_core
from pikos.live import subscribe
from pikos.model import Model
from pikos.wire.messages import Rows
from pikos.wire.tables import FLAG_KEYFRAME_END

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pikos.wire.messages import Message

ROOT = Path(__file__).parent.parent
PATIENCE_S = 120.0
RECONNECT_MS = 5
"""Milliseconds between two tries to reach a publisher that comes and goes."""


class Viewer:
    """A viewer in a process of its own, on the core that the program is not on."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def answer(self) -> Any:
        """What it found, once it has found it."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def viewer(mode: str, address: str, *arguments: object) -> Iterator[Viewer]:
    """Run a viewer.

    Parameters
    ----------
    mode
        Name of one of the functions below.
    address
        Where to listen.
    *arguments
        What that function takes.

    """
    command = [sys.executable, "-m", "benchmarks.viewer", mode, address, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"the viewer does not run: {command}")
            yield Viewer(process)
        finally:
            process.kill()


def _ready() -> None:
    print("ready", flush=True)


def drain(address: str) -> None:
    """Receive everything, for ever, from whoever publishes there."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.reconnect_ivl = RECONNECT_MS
        socket.subscribe(b"")
        socket.connect(address)
        _ready()
        while True:
            socket.recv()


def arrivals(address: str, prefix: str, count: str) -> None:
    """Tell when functions with that prefix in their names were first heard of, in ns."""
    heard: dict[str, int] = {}
    with subscribe(address, timeout=PATIENCE_S) as messages:
        _ready()
        for message in messages:
            now = time.monotonic_ns()
            for name in _function_names(message):
                if name.startswith(prefix):
                    heard.setdefault(name, now)
            if len(heard) >= int(count):
                break
    print(json.dumps(heard), flush=True)


def everything(address: str, functions: str) -> None:
    """Tell how long it takes to have the whole state, with at least so many functions, in s."""
    model = Model()
    _ready()
    begun = time.monotonic()
    with subscribe(address, timeout=PATIENCE_S) as messages:
        for message in messages:
            received_s = time.monotonic() - begun
            model.fold(message)
            if message.envelope.flags & FLAG_KEYFRAME_END:
                snapshot = model.snapshot()
                if snapshot.complete and len(snapshot.functions) >= int(functions):
                    break
        ready_s = time.monotonic() - begun
    found = {"received_s": received_s, "ready_s": ready_s, "dropped": snapshot.dropped}
    print(json.dumps(found), flush=True)


def _function_names(message: Message) -> list[str]:
    if not isinstance(message, Rows):
        return []
    blocks = (block for block in message.blocks if block.table.name == "function")
    return [name for block in blocks for name in block.columns["name"]]


MODES: dict[str, Callable[..., None]] = {
    "drain": drain,
    "arrivals": arrivals,
    "everything": everything,
}

if __name__ == "__main__":
    pin_to_other_core()
    MODES[sys.argv[1]](*sys.argv[2:])
