"""What a calling context costs in memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import zmq

DEADLINE_S = 300.0
BYTES_OF_A_CONTEXT = 200
DEPTH = 18
CONTEXTS = 2 ** (DEPTH + 1) + 2 ** (DEPTH - 1) - 1

CALLS = """
import os, resource, sys, time
from pikos import _lsprof

def ping(depth):
    if depth:
        ping(depth - 1)
        pong(depth - 1)

def pong(depth):
    if depth:
        pong(depth - 1)
        ping(depth - 1)
    else:
        leaf()

def leaf():
    pass
"""

STATISTICS = """
profiler = _lsprof.Profiler(builtins=False)
profiler.enable()
ping(int(sys.argv[1]))
profiler.disable()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
profiler.getstats()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""

PUBLISHED = """
import psutil
from support.session import FACTS
from pikos.real_time.libzmq import bind_libzmq
from pikos.wire.hello import hello_json

def see(depth):
    "Count, and wait until the publisher has looked at it twice; RSS in bytes."
    profiler.enable()
    ping(depth)
    profiler.disable()
    seen = profiler.publishing()["walks"]
    while profiler.publishing()["walks"] < seen + 3:
        time.sleep(0.01)
    return psutil.Process().memory_info().rss

bind_libzmq(_lsprof)
profiler = _lsprof.Profiler(builtins=False)
profiler.start_publishing(sys.argv[1], 0.05, hello_json(FACTS), os.urandom(16))
assert profiler.wait_for_viewer(60)
before = see(8)
print(see(int(sys.argv[2])) - before)
profiler.stop_publishing("done")
"""


def drain(context, endpoint, done):
    """Be a viewer who keeps nothing."""
    with context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.subscribe(b"")
        socket.connect(endpoint)
        while not done.is_set():
            if socket.poll(50):
                socket.recv()


def test_a_context_takes_two_hundred_bytes_with_a_viewer(tmp_path):
    """R1: the node, the index of children and the publisher's sums, of 655,359 contexts."""
    endpoint = f"ipc://{tmp_path}/s"
    done = threading.Event()
    tests = Path(__file__).resolve().parents[1]
    # so that the messages' memory is given back, which is no context's
    environment = {**os.environ, "PYTHONPATH": str(tests), "MALLOC_MMAP_THRESHOLD_": "131072"}
    with zmq.Context() as context:
        viewer = threading.Thread(target=drain, args=(context, endpoint, done))
        viewer.start()
        try:
            answer = subprocess.run(
                [sys.executable, "-c", CALLS + PUBLISHED, endpoint, str(DEPTH)],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
                timeout=DEADLINE_S,
            )
        finally:
            done.set()
            viewer.join()

    assert 0 < int(answer.stdout) / CONTEXTS <= BYTES_OF_A_CONTEXT


@pytest.mark.skipif(sys.platform != "linux", reason="the unit is Linux's, KiB")
def test_statistics_take_no_memory_for_contexts():
    """R1: they are written when the program ends, when a context would take a fifth more."""
    answer = subprocess.run(
        [sys.executable, "-c", CALLS + STATISTICS, str(DEPTH)],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )

    assert int(answer.stdout) * 1024 / CONTEXTS < 2
