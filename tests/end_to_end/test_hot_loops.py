"""A function that loops and has not returned has its seconds, wherever a person looks (V1)."""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
import time

import pytest
from support.exported import self_s
from support.waiting import hear_until, wait_until

from pikos.export import export
from pikos.export.formats import FORMATS
from pikos.live import subscribe
from pikos.live.sessions import list_sessions
from pikos.model import Model
from pikos.model.difference import difference

SECONDS = 2
"""How long the function has looped before anybody looks."""

CLOCKS_APART_NS = 50_000
"""Generously how much the clocks of two processors may differ, of a busy virtual machine too: far
less than the millisecond of a call, which would be missing or twice there."""

HOT = {
    "plain function": """
def hot():
    while True: pass
run = hot
""",
    "generator": """
def hot():
    while True: pass
    yield
def run(): next(hot())
""",
    "coroutine": """
import asyncio
async def hot():
    while True: pass
def run(): asyncio.run(hot())
""",
    "recursion": """
sys.setrecursionlimit(5000)
def hot(depth=300):
    if depth: hot(depth - 1)
    while True: pass
run = hot
""",
    "thread": """
def hot():
    while True: pass
def run():
    threading.Thread(target=hot, daemon=True).start()
    threading.Event().wait()
""",
}
"""What loops, by what it is."""

PROGRAM = """
profiler = RealTimeProfiler(interval=0.05)
profiler.enable()
print("ready", flush=True)
run()
"""


def self_ns(snapshot, name="hot"):
    return sum(
        stat.inline_ns
        for number, stat in snapshot.stats.items()
        if number in snapshot.functions and snapshot.functions[number].name == name
    )


@pytest.fixture
def hot(start):
    """Start a program that loops; its process and its state after some seconds."""

    def run(kind):
        program = start(HOT[kind] + PROGRAM)
        assert program.line() == "ready", program.end()
        began_s = time.monotonic()
        with subscribe(program.session().address) as messages:
            snapshot = hear_until(
                messages,
                lambda s: s.complete and self_ns(s) > SECONDS * 1e9,
                "a function that loops",
                Model(),
            )
        assert self_ns(snapshot) < (time.monotonic() - began_s + 1) * 1e9
        return program, snapshot

    return run


@pytest.mark.parametrize("kind", HOT)
def test_what_loops_has_its_seconds_everywhere(hot, kind):
    """V1: in each export and report of the running program, and first in the table."""
    program, snapshot = hot(kind)

    for name in FORMATS:
        shown_s = self_s(b"".join(export(snapshot, name)), name, "hot")
        assert shown_s == pytest.approx(self_ns(snapshot) / 1e9, rel=1e-6), name
    done = subprocess.run(
        [sys.executable, "-m", "pikos", "top", str(program.pid), "--once", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    first = json.loads(done.stdout)["functions"][0]
    if kind == "thread":  # the main thread waits as long in a lock
        first = next(f for f in json.loads(done.stdout)["functions"][:3] if f["name"] == "hot")
    assert first["name"] == "hot"
    assert first["self_ns"] > SECONDS * 1e9
    assert first["open_calls"] == (301 if kind == "recursion" else 1)


def test_self_time_adds_up_while_it_loops(hot):
    """V1, V2: the main thread has always been in some call since the first."""
    program, first = hot("recursion")

    with subscribe(program.session().address) as messages:
        model = Model()
        since = hear_until(messages, lambda s: s.complete, "the whole state", model)
        now = hear_until(messages, lambda s: s.time_ns > since.time_ns + 10**9, "later", model)

    assert self_ns(since) > self_ns(first)
    between = difference(now, since)
    spent_ns = sum(stat.inline_ns for stat in between.stats.values())
    assert spent_ns == pytest.approx(now.time_ns - since.time_ns, abs=0.5e9)
    for key, row in now.stats.items():
        assert (
            key not in since.stats or since.stats[key].inline_ns - row.inline_ns < CLOCKS_APART_NS
        )
    for rows in (between.stats, between.edges, between.contexts):
        for row in rows.values():
            assert row.inline_ns >= 0
            assert row.cumulative_ns >= row.inline_ns or getattr(row, "folded", False)


def session_of(pid):
    return next((each for each in list_sessions() if each.pid == pid), None)


def test_what_was_killed_has_its_seconds_in_the_recording(runtime, tmp_path):
    """V1, R2."""
    path = tmp_path / "hot.pikos"
    script = tmp_path / "hot.py"
    script.write_text("def hot():\n    while True: pass\nprint('ready', flush=True)\nhot()\n")
    program = subprocess.Popen(
        [sys.executable, "-m", "pikos", "run", "--record", str(path), str(script)],
        stdout=subprocess.PIPE,
    )
    try:
        assert program.stdout.readline() == b"ready\n"
        session = wait_until(lambda: session_of(program.pid), "its session")
        with subscribe(session.address) as messages:
            hear_until(messages, lambda s: self_ns(s) > SECONDS * 1e9, "a loop")
    finally:
        program.kill()
        program.communicate()

    out = tmp_path / "out.pstats"
    command = [sys.executable, "-m", "pikos", "export", str(path), "-f", "pstats", "-o", str(out)]
    subprocess.run(command, check=True)
    stats = marshal.loads(out.read_bytes())
    ((*counts, own_seconds, _, _),) = [row for label, row in stats.items() if label[2] == "hot"]
    assert counts == [0, 0]
    assert own_seconds > SECONDS - 1
    assert all(caller in stats for row in stats.values() for caller in row[4])


LOOKS = 6_000 if sys.version_info[:2] == (3, 13) else 200
"""As many as a viewer at 100 Hz has in a minute; a minute with one interpreter is enough."""
CHANGING = """
import time
greenlet = __import__("importlib").util.find_spec("greenlet") and __import__("greenlet").greenlet

def millisecond():
    until = time.perf_counter() + 0.001
    while time.perf_counter() < until: pass

def nest(depth=3):
    if depth: nest(depth - 1)
    millisecond()

def generate():
    while True: yield nest()

def busy():
    numbers = generate()
    inner = greenlet and greenlet(lambda: [other() for _ in iter(int, 1)])
    def other():
        nest()
        inner.parent.switch()
    while True:
        next(numbers)
        if inner: inner.switch()

profiler = RealTimeProfiler(interval=0.005)
profiler.enable()
threading.Thread(target=busy, daemon=True).start()
print("ready", flush=True)
busy()
"""


def test_nothing_is_negative_while_calls_return(start):
    """V1, V2: 1 ms calls in threads, generators and greenlets, looked at as often as it goes."""
    program = start(CHANGING)
    assert program.line() == "ready", program.end()

    with subscribe(program.session().address) as messages:
        model = Model()
        first = hear_until(
            messages, lambda s: s.complete and threads_of(s) == 2, "two threads", model
        )
        before = first
        looks = 0
        while looks < LOOKS:
            heard = before.messages
            now = hear_until(messages, lambda s: s.messages > heard, "a message", model)  # noqa: B023
            if now.dropped != before.dropped or not now.complete:
                # what was missed is known with the next whole state alone
                before = hear_until(messages, lambda s: s.complete, "all of it", model)
                continue
            between = difference(now, before)
            for rows in (between.stats, between.edges, between.contexts):
                for row in rows.values():
                    assert min(row.callcount, row.inline_ns) >= 0
                    whole = not getattr(row, "folded", False)
                    assert row.cumulative_ns >= row.inline_ns or not whole, row
            for rows, earlier in zip(tables_of(now), tables_of(before), strict=True):
                for key in rows.keys() & earlier.keys():
                    assert rows[key].callcount >= earlier[key].callcount
                    for name in ("inline_ns", "cumulative_ns"):
                        less_ns = getattr(earlier[key], name) - getattr(rows[key], name)
                        assert less_ns < CLOCKS_APART_NS, (name, rows[key], earlier[key])
            looks += now.time_ns > before.time_ns
            before = now
        now = hear_until(
            messages, lambda s: s.complete and s.time_ns > before.time_ns, "all of it", model
        )
    # Each thread has always had a call open; a call that is just being left may be off.
    spent_ns = whole_ns(now) - whole_ns(first)
    assert spent_ns == pytest.approx(2 * (now.time_ns - first.time_ns), abs=0.5e9)


def tables_of(snapshot):
    return (snapshot.stats, snapshot.edges, snapshot.contexts)


def threads_of(snapshot):
    return len({call.thread for call in snapshot.open_calls})


def whole_ns(snapshot):
    return sum(stat.inline_ns for stat in snapshot.stats.values())
