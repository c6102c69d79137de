"""In a tree that is full cold contexts are merged, and nothing else changes (R1)."""

from __future__ import annotations

import gc
import itertools
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import threading
from functools import partial

import pytest
import zmq
from support.counted import record
from support.deadlines import DEADLINE_S
from support.published import published
from support.recordings import record as write_down
from support.session import FACTS
from support.waiting import wait_until
from support.whole import LOST_AFTER_S, recorded_whole

from pikos import _lsprof
from pikos._lsprof import Profiler
from pikos.live import ledger_state
from pikos.live.ledger_file import LedgerFile
from pikos.live.ledger_state import LedgerState
from pikos.model import Model
from pikos.real_time.libzmq import bind_libzmq
from pikos.recording import RecordingReader
from pikos.wire.codec import decode
from pikos.wire.hello import hello_json
from pikos.wire.messages import Bye

LIMIT = 64
KILLS = 20


class Wanderer:
    """A program that calls functions and generators at random, often in stacks that are new."""

    def __init__(self, seed):
        self.chance = random.Random(seed).random
        self.functions = [self.made(BODY, number) for number in range(6)]
        self.generators = [self.made(GENERATOR, number) for number in range(3)]
        self.suspended = []

    @staticmethod
    def made(body, number):
        names = {}
        exec(compile(body.format(number=number), f"wander_{number}", "exec"), names)
        return names[f"f{number}"]

    def go_on(self, depth):
        if self.suspended and self.chance() < 0.3:
            generator = self.suspended[int(self.chance() * len(self.suspended))]
            if not generator.gi_running:
                next(generator, None)
        elif depth and self.chance() < 0.9:
            self.functions[int(self.chance() * len(self.functions))](self, depth - 1)
        elif self.chance() < 0.2:
            self.suspended.append(
                self.generators[int(self.chance() * len(self.generators))](self, depth)
            )

    def run(self):
        for _ in range(400):
            self.go_on(7)


BODY = """
def f{number}(program, depth):
    program.go_on(depth)
    program.go_on(depth)
    if program.chance() < 0.01: raise_and_catch(program)

def raise_and_catch(program):
    try:
        raising()
    except ValueError:
        program.go_on(1)

def raising():
    raise ValueError
"""
GENERATOR = """
def f{number}(program, depth):
    while program.chance() < 0.9:
        if depth: yield program.functions[{number}](program, min(depth - 1, 1))
"""


def counted(entries):
    """All that is counted of each function and of what it called, by name."""

    def of(entry):
        return (
            getattr(entry.code, "co_name", entry.code),
            getattr(entry.code, "co_filename", ""),
            *entry[1:5],
            entry.resumecount,
        )

    return sorted(
        (of(entry), sorted(map(of, entry.calls or ()))) for entry in entries if entry.callcount
    )


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_merged_calls_and_times_are_the_same(seed):
    stats = []
    for limit in (0, LIMIT, 7):
        gc.collect()  # closes the generators of earlier programs, which would be counted
        timer = itertools.count().__next__
        profiler = Profiler(timer, 1.0, builtins=False, contexts=limit)
        record(profiler, Wanderer(seed).run)
        stats.append(counted(profiler.getstats()))
        assert stats[-1] == counted(profiler.thread_stats()[0][1])

    assert len(stats[0]) > 10
    assert stats[0] == stats[1] == stats[2]


class Heard:
    """A viewer that keeps all that it hears."""

    def __init__(self, context, endpoint):
        self.frames = []
        self.socket = context.socket(zmq.SUB)
        self.socket.linger = 0
        self.socket.rcvhwm = 0
        self.socket.subscribe(b"")
        self.socket.connect(endpoint)

    def until_bye(self):
        """All frames; the goodbye may be lost."""
        while not self.frames or not isinstance(decode(self.frames[-1]), Bye):
            if not self.socket.poll(LOST_AFTER_S * 1000):
                break
            self.frames.append(self.socket.recv())
        self.socket.close()
        return self.frames


def test_a_viewer_and_a_recording_go_on_over_a_merge(tmp_path):
    """What is merged is gone from the contexts; functions and edges never have less."""
    bind_libzmq(_lsprof)
    endpoint = f"ipc://{tmp_path}/s"

    def attempt():
        profiler = Profiler(builtins=False, contexts=LIMIT)
        # not without a pause: while the publisher looks, nothing is merged
        profiler.start_publishing(endpoint, 0.01, hello_json(FACTS), os.urandom(16))
        with zmq.Context() as context:
            heard = Heard(context, endpoint)
            assert profiler.wait_for_viewer(DEADLINE_S)
            for seed in range(8):
                record(profiler, Wanderer(seed).run)
            profiler.stop_publishing("the end", DEADLINE_S)
            frames = heard.until_bye()
        return frames, list(map(decode, frames))

    frames, messages = recorded_whole(attempt)

    model = Model()
    before = {}
    for message in messages:
        model.fold(message, 0.0)
        snapshot = model.snapshot()
        calls = {key: row.callcount for key, row in snapshot.returned().stats.items()}
        calls |= {key: row.callcount for key, row in snapshot.returned().edges.items()}
        assert all(calls[key] >= count for key, count in before.items())
        before = calls
    check_sums(snapshot)
    assert snapshot.session.merged_contexts > 2 * LIMIT
    assert len(snapshot.contexts) == snapshot.session.contexts

    path = write_down(tmp_path / "recording.pikos", frames)
    replayed = Model()
    with RecordingReader(path) as reader:
        for entry in reader.entries():
            replayed.fold(decode(entry.frame), 0.0)
    assert dict(replayed.snapshot().contexts) == dict(snapshot.contexts)
    assert dict(replayed.snapshot().stats) == dict(snapshot.stats)


def check_sums(snapshot):
    """Contexts and folds add up to functions; callers count what was merged below them."""
    state = snapshot.returned()
    for number, stat in state.stats.items():
        rows = [row for row in state.contexts.values() if row.function == number]
        assert sum(row.callcount for row in rows) == stat.callcount
        assert sum(row.reccallcount for row in rows) == stat.reccallcount
    merged = sum(row.merged_contexts for row in state.contexts.values())
    assert merged == snapshot.session.merged_contexts


def one_of(number):
    return f"def f{number}(call):\n    call()"


def test_a_new_loop_is_seen_in_its_full_stack_after_a_hundred_times_as_many_contexts():
    """R1: ``python -m benchmarks contexts`` has ten million, and the real bound."""
    names = {}
    for number in range(100):
        exec(one_of(number), names)
    functions = [names[f"f{number}"] for number in range(100)]

    def nothing():
        pass

    def hot():
        pass

    def loop():
        for _ in range(20_000):
            hot()

    def run():
        for first, second, third in itertools.product(functions, functions, functions[:10]):
            first(lambda second=second, third=third: second(lambda: third(nothing)))
        functions[0](loop)

    profiler = Profiler(builtins=False, contexts=4000)
    with published(profiler) as look:
        record(profiler, run)
        snapshot = look()

    rows = snapshot.contexts
    names_of = {number: function.name for number, function in snapshot.functions.items()}

    def stack(row):
        return (*stack(rows[row.parent]), names_of[row.function]) if row.function else ()

    calls = {stack(row): row.callcount for row in rows.values() if not row.folded}
    assert calls["run", "f0", "loop", "hot"] == 20_000
    assert snapshot.session.merged_contexts > 100_000
    assert snapshot.session.contexts < 5000
    assert snapshot.session.folded_calls == 0
    check_sums(snapshot)


def profiler_with_ledger(directory):
    """A profiler that publishes, and the path of its ledger's file."""
    bind_libzmq(_lsprof)
    profiler = Profiler(builtins=False, contexts=LIMIT)
    path = directory / "ledger"
    endpoint = f"ipc://{directory}/s"
    profiler.start_publishing(
        endpoint, 600, hello_json(FACTS), os.urandom(16), ledger=os.fsencode(path)
    )
    return profiler, path


@pytest.mark.skipif(sys.platform != "linux", reason="files back a ledger on Linux only")
@pytest.mark.parametrize("always", [False, True])
def test_a_living_ledger_is_read_whole_while_contexts_are_merged(tmp_path, monkeypatch, always):
    """It is read again; if there is a merge each time, what is shown fits together."""
    names = {}
    for number in range(40):
        exec(one_of(number), names)
    goes_on, waits = threading.Semaphore(0), threading.Semaphore(0)
    over = threading.Event()

    def wait():
        waits.release()
        assert goes_on.acquire(timeout=DEADLINE_S)

    def run():
        for number in range(40):
            Wanderer(1).run()
            if over.is_set():
                return
            names[f"f{number}"](wait)

    def meanwhile(path):
        if always or not merged_between:
            merged_between.append(path)
            goes_on.release()
            assert waits.acquire(timeout=DEADLINE_S)
        return steady_stacks(path)

    merged_between = []
    steady_stacks = ledger_state._steady_stacks
    monkeypatch.setattr(ledger_state, "_steady_stacks", meanwhile)
    monkeypatch.setattr(ledger_state, "SHORT_NS", 10**18)  # that calls end is no reason to repeat
    profiler, path = profiler_with_ledger(tmp_path)
    thread = threading.Thread(target=record, args=(profiler, run))
    thread.start()
    try:
        assert waits.acquire(timeout=DEADLINE_S)
        model = Model()
        for frame in LedgerState(str(path), living=True).frames():
            model.fold(decode(frame), 0.0)
    finally:
        over.set()
        goes_on.release()
        thread.join()
        profiler.stop_publishing("the test is over")

    snapshot = model.snapshot()
    check_sums(snapshot)
    assert snapshot.session.merged_contexts > 2 * LIMIT
    assert all(call.context in snapshot.contexts for call in snapshot.open_calls)
    (number,) = (n for n, row in snapshot.functions.items() if row.qualified_name == "Wanderer.run")
    copies = 1 + len(merged_between)
    assert snapshot.returned().stats[number].callcount == (copies - 1 if always else copies) > 1


def state_of(path):
    model = Model()
    for frame in LedgerState(str(path)).frames():
        model.fold(decode(frame), 0.0)
    return model.snapshot()


@pytest.mark.skipif(sys.platform != "linux", reason="files back a ledger on Linux only")
def test_a_merge_that_was_not_finished_is_taken_back(tmp_path):
    profiler, path = profiler_with_ledger(tmp_path)
    record(profiler, Wanderer(1).run)
    state = bytearray(path.read_bytes())  # the publisher changes the file: it is there
    profiler.stop_publishing("the test is over")
    path.write_bytes(state)
    whole, ledger = state_of(path), LedgerFile(str(path))

    def put(row, at, field, value):
        offset, code = ledger.layouts[row].fields[field]
        struct.pack_into(f"<{code}", state, at + offset, value)

    merging = ledger.get("ledger", 0, "merging")
    fold, parent = (
        ledger.offset(ledger.get("merging", merging, name)) for name in ("fold", "parent")
    )
    more = ledger.offset(ledger.get("node", fold, "fold"))
    under_way = ledger.get("free_rows", ledger.get("ledger", 0, "free"), "freed")
    put("merging", merging, "number", under_way)
    for row, at, fields in (
        ("node", fold, ("calls", "resumes", "inline_time", "total")),
        ("fold", more, ("reccalls", "edge_reccalls", "edge_total")),
        ("node", parent, ("merged", "merged_time")),
    ):
        for field in fields:
            before = ledger.get(row, at, field)
            put("merging", merging, field, before)
            put(row, at, field, before + 7)
    path.write_bytes(state)

    assert whole.session.merged_contexts == under_way > LIMIT
    assert state_of(path) == whole


PROGRAM = """
import mmap, os, sys
from support.session import FACTS
from test_merged_contexts import Wanderer
from pikos import _lsprof
from pikos.real_time.libzmq import bind_libzmq
from pikos.wire.hello import hello_json

calls = memoryview(mmap.mmap(os.open(sys.argv[1] + "/calls", os.O_RDWR), 8)).cast("q")

def work():
    pass

class Counted(Wanderer):
    def go_on(self, depth):
        calls[0] += 1
        work()
        super().go_on(depth)

bind_libzmq(_lsprof)
profiler = _lsprof.Profiler(builtins=False, contexts=64)
profiler.start_publishing(f"ipc://{sys.argv[1]}/s", 0.05, hello_json(FACTS), os.urandom(16),
                          ledger=f"{sys.argv[1]}/ledger".encode())
profiler.enable()
seed = 0
while True:
    Counted(seed).run()
    seed += 1
"""


def has_called(memory, wanted):
    return int.from_bytes(memory[:], sys.byteorder) >= wanted


@pytest.mark.skipif(sys.platform != "linux", reason="files back a ledger on Linux only")
def test_a_process_killed_while_contexts_are_merged_leaves_each_call_once(tmp_path):
    chance = random.Random(5)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([sys.path[0], *sys.path])}
    calls_path = tmp_path / "calls"
    merged = 0
    for _ in range(KILLS):
        calls_path.write_bytes(bytes(8))
        with (
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment
            ) as program,
            calls_path.open("r+b") as file,
            mmap.mmap(file.fileno(), 8) as memory,
        ):
            wanted = chance.randrange(1000, 10_000)
            wait_until(partial(has_called, memory, wanted), f"{wanted} calls")
            program.send_signal(signal.SIGKILL)
            program.wait()
            called = int.from_bytes(memory[:], sys.byteorder)
        snapshot = state_of(tmp_path / "ledger")
        (number,) = [key for key, row in snapshot.functions.items() if row.name == "work"]
        assert 0 <= called - snapshot.returned().stats[number].callcount <= 1
        check_sums(snapshot)
        merged += snapshot.session.merged_contexts

    assert merged > 1000
