"""The leaf library, a libzmq for it, and publishers over ledgers that a driver writes."""

from __future__ import annotations

import contextlib
import ctypes as c
import os
import time
import uuid
from pathlib import Path

import build
import leaf as leaf_library
import pytest
import zmq
from heard import STREAM
from support.deadlines import DEADLINE_S

from pikos.wire import codec
from pikos.wire.messages import Hello, Rows
from pikos.wire.tables import FLAG_KEYFRAME, FLAG_KEYFRAME_END, KIND_BYE

MONOTONIC = 1


@pytest.fixture(scope="session")
def variant():
    """How the leaf files are compiled in this run; a sanitizer's run sets it."""
    return os.environ.get("PIKOS_LEAF_VARIANT", "plain")


@pytest.fixture(scope="session")
def leaf(variant):
    """The leaf files, compiled and loaded."""
    if build.compiler() is None:
        pytest.skip("no C compiler")
    return leaf_library.load(build.leaf_library(variant))


@pytest.fixture(scope="session")
def libzmq_path():
    """The file of a libzmq: the pyzmq wheel's, or the system's as pyzmq was built with it."""
    here = Path(zmq.__file__).parent
    found = sorted(here.parent.glob("pyzmq.libs/libzmq*")) or sorted(here.glob(".dylibs/libzmq*"))
    return os.fsencode(found[0]) if found else b"libzmq.so.5"


@pytest.fixture(scope="session")
def library(leaf, libzmq_path):
    """A bound pk_zmq."""
    bound = c.create_string_buffer(leaf.driver_size_of(b"zmq"))
    error = c.create_string_buffer(256)
    assert leaf.pk_zmq_bind(bound, libzmq_path, error, len(error)) == 0, error.value
    return bound


class Ledger:
    """A ledger whose functions and calls the test makes."""

    def __init__(self, leaf, serial):
        self.leaf = leaf
        self.driver = leaf.driver_new(serial)
        assert self.driver

    @property
    def address(self):
        return self.leaf.driver_ledger(self.driver)

    def function(self, name, line=1):
        made = self.leaf.driver_function(self.driver, name.encode(), line)
        assert made > 0
        return made

    def limit_tree(self, contexts):
        """Merge contexts, and fold calls, past so many."""
        self.leaf.driver_limit_tree(self.driver, contexts)

    def call(self, function, at=None):
        now = time.monotonic_ns() if at is None else at
        assert self.leaf.driver_call(self.driver, function, now) == 0

    def resume(self, function, at):
        assert self.leaf.driver_resume(self.driver, function, at) == 0

    def use_thread(self, number):
        """Let a thread go on, which is new or has run before; the id of its row."""
        row = self.leaf.driver_use_thread(self.driver, number)
        assert row > 0
        return row

    def add_threads(self, count, name):
        """Add threads of a name; how many there are then."""
        return self.leaf.driver_add_threads(self.driver, count, name.encode())

    def end_thread(self, number):
        """Let a thread end with what it has open."""
        self.leaf.driver_end_thread(self.driver, number)

    def contexts(self):
        return self.leaf.driver_contexts(self.driver)

    def merged(self):
        """How many contexts were merged so far."""
        return self.leaf.driver_merged(self.driver)

    def leave(self, at=None):
        self.leaf.driver_return(self.driver, time.monotonic_ns() if at is None else at)

    def leave_partly(self, at):
        """Stop in the middle of a return, when it is counted already."""
        self.leaf.driver_return_partly(self.driver, at)

    def leave_rest(self):
        """Finish that return."""
        self.leaf.driver_return_rest(self.driver)

    def switch(self, greenlet, at):
        """Go on with the stack of one of 20,000 greenlets; at first that of 0 runs."""
        assert self.leaf.driver_switch(self.driver, greenlet, at) == 0

    def stacks(self):
        """How many stacks the running thread has."""
        return self.leaf.driver_stacks(self.driver)

    def longest_search(self):
        """How many stacks are looked at to find that of a greenlet, at most."""
        return self.leaf.driver_longest_search(self.driver)

    def depth(self):
        """How many calls are open in the running stack."""
        return self.leaf.driver_depth(self.driver)

    def leave_all(self, at):
        """Leave all calls of the running thread, as when a profiler is disabled."""
        self.leaf.driver_leave_all(self.driver, at)

    def call_many(self, count):
        """Add that many functions and call each once."""
        assert self.leaf.driver_call_many(self.driver, count) == 0

    @contextlib.contextmanager
    def written(self, *, slowly=False):
        """Have a C thread call the functions at random meanwhile."""
        assert self.leaf.driver_write_start(self.driver, slowly) == 0
        try:
            yield
        finally:
            self.leaf.driver_write_stop(self.driver)

    @contextlib.contextmanager
    def switched(self):
        """Have a C thread switch meanwhile between three greenlets, each with one open call."""
        assert self.leaf.driver_switch_start(self.driver) == 0
        try:
            yield
        finally:
            self.leaf.driver_write_stop(self.driver)

    def busy(self):
        """Ticks that the C thread spent with a call open."""
        return self.leaf.driver_busy(self.driver)

    def calls(self):
        return self.leaf.driver_calls(self.driver)


@pytest.fixture
def ledgers(leaf):
    """Make ledgers, each with a serial of its own."""
    made = []

    def make():
        made.append(Ledger(leaf, len(made) + 1))
        return made[-1]

    yield make
    for ledger in made:
        leaf.driver_free(ledger.driver)


@pytest.fixture
def ledger(ledgers):
    """An empty ledger with one thread."""
    return ledgers()


class Publisher:
    """A publisher that the test started."""

    def __init__(self, leaf, handle, options):
        self.leaf = leaf
        self.handle = handle
        self.options = options  # a patient one uses them as long as it lives
        self.sequence = c.c_uint64()

    @property
    def endpoint(self):
        return self.leaf.pk_publisher_endpoint(self.handle).decode()

    def facts(self):
        facts = leaf_library.Facts()
        self.leaf.pk_publisher_read(self.handle, facts)
        return facts

    def obstacle(self):
        """Why it is not bound; None if it is."""
        error = c.create_string_buffer(256)
        bound = self.leaf.pk_publisher_bound(self.handle, error, len(error))
        return None if bound else error.value.decode()

    def show(self, ledger, epoch):
        self.leaf.pk_publisher_show(self.handle, ledger.address, epoch)

    def shown(self):
        return self.leaf.pk_publisher_shown(self.handle)

    def set_enabled(self, enabled):
        self.leaf.pk_publisher_set_enabled(self.handle, enabled)

    def stop(self, reason=b"done", deadline_s=5.0):
        """Zero, or -1 when the thread was abandoned."""
        handle, self.handle = self.handle, None
        deadline_ns = int(deadline_s * 1e9)
        return self.leaf.pk_publisher_stop(handle, reason, deadline_ns, self.sequence)


@pytest.fixture
def publish(leaf, library, ledgers):
    """Start publishers; those still running are stopped before their ledgers are freed."""
    made = []

    def start(ledger, endpoint=None, interval_s=0.05, clock=MONOTONIC, patient=False, **more):
        endpoint = endpoint or f"ipc:///tmp/pikos-test-{uuid.uuid4().hex[:12]}"
        options = leaf_library.Options()
        options.zmq = c.addressof(library)
        options.endpoint = endpoint.encode()
        options.interval_ns = int(interval_s * 1e9)
        options.stream[:] = STREAM
        options.hello = HELLO
        options.hello_size = len(HELLO)
        options.began_ns = time.monotonic_ns()
        leaf.pk_clock_set(options.clock, clock, 1.0)
        clients = more.pop("clients", None)
        if clients is not None:
            options.clients = (c.c_char_p * (len(clients) + 1))(*clients, None)
        for name, value in more.items():
            setattr(options, name, value)
        error = c.create_string_buffer(256)
        if patient:
            handle = leaf.pk_publisher_start_patiently(options, ledger.address, 0)
        else:
            handle = leaf.pk_publisher_start(options, ledger.address, error, len(error))
        if not handle:
            raise OSError(error.value.decode())
        made.append((Publisher(leaf, handle, options), endpoint))
        return made[-1][0]

    yield start
    for publisher, endpoint in made:
        if publisher.handle:
            assert publisher.stop(None) == 0
        if endpoint.startswith("ipc://"):
            Path(endpoint.removeprefix("ipc://")).unlink(missing_ok=True)


HELLO = (
    b'{"pikos": "0", "pid": 1, "host": "h", "argv": ["a"], "executable": "e", "python": "3",'
    b' "clock": "monotonic", "interval_ns": 50000000, "started_unix_ns": 1, "mechanism": "test",'
    b' "threads": true, "tables": []}'
)


class Viewer:
    """A SUB socket that decodes what it gets."""

    def __init__(self, socket):
        self.socket = socket

    def raw(self, timeout_s=DEADLINE_S):
        """The next message's bytes, or None when nothing comes."""
        if not self.socket.poll(int(timeout_s * 1000)):
            return None
        return self.socket.recv()

    def until_bye(self, lost_after_s=None):
        """All messages up to the goodbye, decoded only when all are there.

        Without lost_after_s it is an error if nothing comes; with it, so much silence is the end.
        """
        received = []
        while not received or received[-1][6] != KIND_BYE:
            raw = self.raw(DEADLINE_S if lost_after_s is None else lost_after_s)
            if raw is None and lost_after_s is not None:
                break
            assert raw is not None, "nothing came"
            received.append(raw)
        return [codec.decode(raw) for raw in received]

    def message(self, timeout_s=DEADLINE_S):
        """The next message."""
        raw = self.raw(timeout_s)
        assert raw is not None, "nothing came"
        return codec.decode(raw)

    def snapshot(self):
        """The rows messages of the next snapshot."""
        messages = [self.rows()]
        while messages[-1].blocks[-1].table.name != "session":
            messages.append(self.rows())
        return messages

    def subscribe_anew(self):
        """Ask for everything again."""
        self.socket.setsockopt(zmq.SUBSCRIBE, b"")

    def rows(self):
        """The next rows message."""
        message = self.message()
        while not isinstance(message, Rows):
            message = self.message()
        return message

    def keyframe(self):
        """The messages of the next whole keyframe, hello first."""
        end = time.monotonic() + DEADLINE_S
        hello, rows = None, []
        while not rows or not rows[-1].envelope.flags & FLAG_KEYFRAME_END:
            assert time.monotonic() < end, "no keyframe came"
            message = self.message()
            if isinstance(message, Hello):
                hello, rows = message, []
            elif hello and message.envelope.flags & FLAG_KEYFRAME:
                rows.append(message)
        return [hello, *rows]


@pytest.fixture
def viewers():
    """Subscribe viewers to an endpoint."""
    context = zmq.Context()
    sockets = []

    def subscribe(endpoint, **options):
        socket = context.socket(zmq.SUB)
        sockets.append(socket)
        socket.setsockopt(zmq.LINGER, 0)
        for name, value in options.items():
            socket.setsockopt(getattr(zmq, name.upper()), value)
        socket.setsockopt(zmq.SUBSCRIBE, b"")
        socket.connect(endpoint)
        return Viewer(socket)

    yield subscribe
    for socket in sockets:
        socket.close()
    context.term()
