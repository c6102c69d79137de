"""A ledger's file that another program made or damaged: one clear error, soon, in little memory."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import tracemalloc

import pytest

from pikos.errors import LedgerError, PikosError
from pikos.live.ledger_file import TEXT_MAX, LedgerFile
from pikos.live.ledger_state import LedgerState
from pikos.live.session_lock import LEDGER_NAME
from pikos.live.streams import Streams
from pikos.model import Model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files back a ledger on Linux only")

PROGRAM = """
import os, shutil, sys, threading
from pikos.api import RealTimeProfiler
from pikos.live.ledger_file import LedgerFile

def recursive(n):
    if n: recursive(n - 1)
    else: ready.set(), wait.wait()

ready, wait = threading.Event(), threading.Event()
profiler = RealTimeProfiler()
profiler.enable()
thread = threading.Thread(target=recursive, args=(50,))
thread.start()
ready.wait()
path = os.path.dirname(profiler.address.removeprefix("ipc://"))
seen = 0
while not seen:  # the publisher has not looked yet
    shutil.copy(os.path.join(path, "ledger"), sys.argv[1])
    seen = LedgerFile(sys.argv[1]).get("ledger", 0, "seen")
wait.set()
"""
MEMORY_MAX = 64 << 20
"""Bytes that reading may take of a file of about half a MiB."""
MUTANTS = 300
SHARED = 2000
LAST = 2**63 - 1


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The path of a file as it should be, with 50 calls open in a thread."""
    directory = tmp_path_factory.mktemp("ledger")
    environment = {**os.environ, "XDG_RUNTIME_DIR": "", "TMPDIR": str(directory)}
    path = directory / LEDGER_NAME
    subprocess.run([sys.executable, "-c", PROGRAM, path], check=True, env=environment)
    return path


class Forged:
    """A ledger's file whose fields can be overwritten."""

    def __init__(self, path):
        self.ledger = LedgerFile(str(path))
        self.bytes = bytearray(path.read_bytes())
        (self.base,) = struct.unpack_from("<Q", self.bytes, 16)

    def put(self, row, at, field, value):
        offset, code = self.ledger.layouts[row].fields[field]
        struct.pack_into(f"<{code}", self.bytes, at + offset, value)

    def describe(self, old, new):
        """Replace some of the description by as many bytes."""
        assert len(old) == len(new)
        assert self.bytes.count(old) >= 1
        self.bytes[:] = self.bytes.replace(old, new, 1)

    def threads(self):
        return self.ledger.pointers("threads", 1, self.ledger.get("ledger", 0, "threads_length"))

    def chunks(self, kind, step=0):
        """Have each chunk of rows begin where the first one does, step bytes apart."""
        rows = self.ledger.get("ledger", 0, kind)
        at = rows + self.ledger.layouts["rows"].fields["chunks"][0]
        (first,) = struct.unpack_from("<Q", self.bytes, at)
        chunks = (self.ledger.layouts["rows"].size - (at - rows)) // 8
        for number in range(chunks):
            struct.pack_into("<Q", self.bytes, at + 8 * number, first + step * number)
        self.put("rows", rows, "length", chunks * self.ledger.layouts["chunk_rows"].size)


def endless_stacks(forged):
    for thread in forged.threads():
        top = forged.ledger.get("thread", thread, "top")
        forged.put("frame", top - forged.base, "below", top)


def endless_chains(forged):
    for thread in forged.threads():
        chain = forged.ledger.get("thread", thread, "chains")
        forged.put("chain", chain - forged.base, "next", chain)


def stacks_that_share_their_frames(forged):
    """Append a long stack, and as many chains that each have it."""
    layouts = forged.ledger.layouts
    (thread, *_) = forged.threads()
    (node, *_) = forged.ledger.rows("nodes", "node")
    frames = len(forged.bytes)
    chains = frames + SHARED * layouts["frame"].size
    forged.bytes.extend(bytes(SHARED * (layouts["frame"].size + layouts["chain"].size)))
    for number in range(SHARED):
        frame = frames + number * layouts["frame"].size
        chain = chains + number * layouts["chain"].size
        forged.put("frame", frame, "node", forged.base + node)
        forged.put("frame", frame, "depth", 1)
        forged.put("chain", chain, "top", forged.base + frames)
        if number + 1 < SHARED:
            forged.put("frame", frame, "below", forged.base + frame + layouts["frame"].size)
            forged.put("chain", chain, "next", forged.base + chain + layouts["chain"].size)
    forged.put("thread", thread, "chains", forged.base + chains)


def texts_that_share_their_places(forged):
    for at in forged.ledger.rows("functions", "function"):
        for field in ("name", "qualified_name", "file"):
            text = forged.ledger.get("function", at, field)
            forged.put("text", text, "bytes", forged.base)
            forged.put("text", text, "size", TEXT_MAX)


def a_clock(ns_per_tick):
    def change(forged):
        forged.put("clock", forged.ledger.header("clock"), "ns_per_tick", ns_per_tick)

    return change


def counts(field, value):
    def change(forged):
        for at in forged.ledger.rows("nodes", "node"):
            forged.put("node", at, field, value)

    return change


def another_type(row, field, code):
    def change(forged):
        offset, old = forged.ledger.layouts[row].fields[field]
        start = f" {field}:{offset}:"
        forged.describe(f"{start}{old}".encode(), f"{start}{code:<{len(old)}}".encode())

    return change


def between_fields(forged):
    """Have a column of contexts begin in the middle of another."""
    offset, code = forged.ledger.layouts["node"].fields["calls"]
    forged.describe(f" calls:{offset}:{code}".encode(), f" calls:{offset + 1}:{code}".encode())


def huge_chunks(forged):
    """Append another description, which has all rows of a kind in one chunk."""
    (size,) = struct.unpack_from("<I", forged.bytes, 12)
    (text,) = struct.unpack_from("<Q", forged.bytes, 24)
    start, chunk = text - forged.base, forged.ledger.layouts["chunk_rows"].size
    old, new = f"chunk_rows {chunk}\n".encode(), b"chunk_rows 16777216\n"
    described = forged.bytes[start : start + size].replace(old, new)
    assert new in described
    struct.pack_into("<I", forged.bytes, 12, len(described))
    struct.pack_into("<Q", forged.bytes, 24, forged.base + len(forged.bytes))
    forged.bytes.extend(described)


def another_name(old, new):
    return lambda forged: forged.describe(old, new)


def no_bytes(forged):
    size = str(forged.ledger.layouts["frame"].size)
    forged.describe(f"\nframe {size}".encode(), b"\nframe " + b"0" * len(size))


FORGERIES = {
    "endless stacks": endless_stacks,
    "endless chains": endless_chains,
    "stacks that share their frames": stacks_that_share_their_frames,
    "functions that share their places": lambda forged: forged.chunks("functions"),
    "contexts that share their places": lambda forged: forged.chunks("nodes"),
    "edges that share their places": lambda forged: forged.chunks("edges"),
    "texts that share their places": texts_that_share_their_places,
    "a clock that is no number": a_clock(float("nan")),
    "an endless clock": a_clock(float("inf")),
    "a clock without end": a_clock(1e300),
    "a clock that goes back": a_clock(-1.0),
    "many calls": counts("calls", LAST),
    "calls below 0": counts("calls", -LAST),
    "long calls": counts("total", LAST),
    "callers outside of the file": counts("parent", LAST),
    "folds outside of the file": counts("fold", LAST),
    "a column between two others": between_fields,
    "huge chunks": huge_chunks,
    "a beginning long ago": lambda forged: forged.put("header", 0, "began_ns", -LAST),
    "a float for a number of calls": another_type("node", "calls", "d"),
    "a float for a length": another_type("rows", "length", "d"),
    "a float for a stream": another_type("header", "stream", "d"),
    "a number for a clock": another_type("clock", "ns_per_tick", "q"),
    "no chunks": another_name(b" chunks:", b" chunkz:"),
    "no threads": another_name(b" threads:", b" threadz:"),
    "no function": another_name(b"\nfunction ", b"\nfunktion "),
    "no frame": another_name(b"\nframe ", b"\nflame "),
    "rows of no bytes": no_bytes,
}


def read(path):
    """All that a viewer reads of a file."""
    model, streams = Model(), Streams()
    state = LedgerState(str(path))
    for frame in state.frames(reason=state.reason):
        message = streams.take(frame)
        if message is not None:
            model.fold(message)
    return model.snapshot()


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_file_is_refused_in_little_memory(whole, tmp_path, forge):
    forged = Forged(whole)
    forge(forged)
    path = tmp_path / LEDGER_NAME
    path.write_bytes(forged.bytes)
    tracemalloc.start()

    with pytest.raises(PikosError):
        read(path)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEMORY_MAX


@pytest.mark.parametrize("seed", range(4))
def test_damage_of_any_kind_is_read_or_refused(whole, tmp_path, seed):
    chance = random.Random(seed)
    original = whole.read_bytes()
    used = [at for at, byte in enumerate(original) if byte]
    path = tmp_path / LEDGER_NAME
    refused = 0
    for _ in range(MUTANTS // 4):
        damaged = bytearray(original)
        for _ in range(chance.choice((1, 2, 5, 20))):
            at = chance.choice(used) & ~7
            word = chance.choice((0, 1, LAST, 2**32 - 1, chance.getrandbits(64)))
            other = chance.choice(used) & ~7
            damaged[at : at + 8] = chance.choice(
                (struct.pack("<Q", word), original[other : other + 8])
            )
        path.write_bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged))))])
        try:
            read(path)
        except PikosError:
            refused += 1
    assert refused > 0


def test_a_file_as_it_should_be_is_read(whole):
    calls = read(whole).stats
    assert calls
    with pytest.raises(LedgerError):
        LedgerFile(os.devnull)
