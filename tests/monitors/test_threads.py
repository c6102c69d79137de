"""Monitors and threads: all or one, begun before or after, disabled from anywhere."""

from __future__ import annotations

import _thread
import collections
import sys
import threading
import warnings

import pytest
from support import known
from support.deadlines import DEADLINE_S
from support.known import boo
from support.recorded import calls, fields, indexes
from support.threads import run_unlisted, run_with_ident

from pikos.monitors import sources
from pikos.monitors.api import FunctionMonitor, FunctionTimeMonitor, LineMonitor
from pikos.monitors.assembly import Gate

THREADS = 8
EVENTS = 10_000


class Worker:
    """A thread that does what it is told, one thing at a time."""

    def __init__(self):
        self._work = None
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, daemon=True, name="worker")
        self.thread.start()

    def _run(self):
        while True:
            self._go.acquire()
            if self._work is None:
                return
            self._work()
            self._done.release()

    def do(self, work):
        self._work = work
        self._go.release()
        assert self._done.acquire(timeout=DEADLINE_S)

    def end(self):
        self._work = None
        self._go.release()
        self.thread.join(DEADLINE_S)


@pytest.fixture
def worker():
    made = Worker()
    yield made
    made.end()


def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(DEADLINE_S)


@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor])
def test_a_thread_that_begins_later_is_monitored(mechanism, kept, monitor_type):
    """B8."""
    with monitor_type(kept):
        in_a_thread(known.leaf)

    assert "leaf" in {record.function for record in kept.records}


@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor])
def test_a_thread_that_runs_already_is_monitored_where_it_can_be(
    mechanism, kept, worker, monitor_type
):
    """B6."""
    with monitor_type(kept):
        worker.do(known.leaf)

    seen = "leaf" in {record.function for record in kept.records}
    assert seen == (mechanism is not sources.hooks)


def test_a_thread_that_enables_too_is_monitored(mechanism, kept, worker):
    monitor = FunctionMonitor(kept)
    attached = monitor.attach(known.leaf)

    with monitor:
        worker.do(attached)
    worker.do(known.boo)

    assert calls(kept).count(("call", "leaf")) == 1
    assert ("call", "boo") not in calls(kept)


@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor])
def test_only_the_enabling_thread_is_monitored_if_asked_for(mechanism, kept, worker, monitor_type):
    with monitor_type(kept, threads=False):
        in_a_thread(known.boo)
        worker.do(known.boo)
        known.leaf()

    names = {record.function for record in kept.records}
    assert "leaf" in names
    assert "boo" not in names


@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor])
def test_a_monitor_may_be_disabled_by_another_thread(mechanism, kept, worker, monitor_type):
    """B6: and nothing stays hooked."""
    monitor = monitor_type(kept)

    worker.do(monitor.enable)
    worker.do(known.leaf)
    monitor.disable()
    recorded = len(kept.records)
    worker.do(known.leaf)
    hooks = []
    worker.do(lambda: hooks.extend([sys.getprofile(), sys.gettrace()]))
    worker.do(lambda: hooks.append(sys._getframe(1).f_trace))
    in_a_thread(lambda: hooks.extend([sys.getprofile(), sys.gettrace()]))

    assert recorded == len(kept.records) > 0
    assert hooks == [None] * 5


def test_a_thread_that_outlives_the_monitor_is_left_alone(mechanism, kept):
    """B6: a thread started while the monitor was on."""
    monitor = FunctionMonitor(kept)
    go, hooks = threading.Event(), []

    def outliving():
        go.wait(DEADLINE_S)
        known.leaf()
        hooks.append(sys.getprofile())

    with monitor:
        thread = threading.Thread(target=outliving)
        thread.start()
    recorded = len(kept.records)
    go.set()
    thread.join(DEADLINE_S)

    assert len(kept.records) == recorded
    assert hooks == [None]


def calling():
    for _ in range(EVENTS // 2):
        known.leaf()


def counting():
    count = 0
    while count < EVENTS // 2:
        count += 1


@pytest.mark.parametrize(
    ("monitor_type", "work", "function", "what"),
    [(FunctionMonitor, calling, "leaf", "type"), (LineMonitor, counting, "counting", "lineNo")],
    ids=["functions", "lines"],
)
def test_no_event_of_many_threads_is_lost_or_given_twice(
    mechanism, kept, monitor_type, work, function, what
):
    """S68, B6: 8 threads of 10,000 events, in order: all of them, and those of each thread."""
    first = counting.__code__.co_firstlineno
    expected = {
        "type": ["call", "return"] * (EVENTS // 2),
        "lineNo": [first + 1, *[first + 2, first + 3] * (EVENTS // 2), first + 2],
    }
    at_once = threading.Barrier(THREADS)  # else one could have the number of one that has ended

    def run():
        at_once.wait(DEADLINE_S)
        work()
        at_once.wait(DEADLINE_S)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]

    with monitor_type(kept, fields=("index", "function", what, "thread_id")):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_S)

    assert indexes(kept) == list(range(len(kept.records)))
    heard = collections.defaultdict(list)
    for _, name, value, thread_id in kept.records:
        if name == function:
            heard[thread_id].append(value)
    assert [heard[thread.ident] for thread in threads] == [expected[what]] * THREADS


def test_an_event_keeps_waiting_while_others_are_recorded():
    """T1: the lock is not fair, so on a busy machine others are quicker for seconds."""
    recorded, held = [], []
    gate = Gate()

    class Crowded:
        """A lock that another event gets first, a few times."""

        others = 3

        def acquire(self, timeout):
            if self.others and not held:
                self.others -= 1
                others = self.others
                self.others = 0
                pass_on(None, "other", None)
                self.others = others
                return False
            held.append(True)
            return True

        def release(self):
            if not held:
                raise RuntimeError("not held")
            held.pop()

    gate._lock = Crowded()
    pass_on = gate.handler(
        lambda frame, event, arg: recorded.append((event, len(held))), pytest.fail
    )

    pass_on(None, "waiting", None)

    assert recorded == [("other", 1)] * 3 + [("waiting", 1)]
    assert not held


def test_a_record_of_time_names_its_thread(mechanism, kept):
    """B6."""
    idents = []

    def named():
        idents.append(threading.get_ident())

    with FunctionTimeMonitor(kept):
        thread = threading.Thread(target=named, name="Ada")
        thread.start()
        thread.join()

    told = {
        tuple(row[1:])
        for row in fields(kept, "function", "thread_id", "thread_name")
        if row[0] == "named"
    }
    assert told == {(idents[0], "Ada")}
    assert not [thread for thread in threading.enumerate() if "Dummy" in thread.name]


def test_a_thread_that_threading_does_not_know_has_no_name(mechanism, kept):
    ended = threading.Semaphore(0)

    def unknown():
        with FunctionTimeMonitor(kept, threads=False):
            known.leaf()
        ended.release()

    _thread.start_new_thread(unknown, ())

    assert ended.acquire(timeout=DEADLINE_S)
    assert {name for (name,) in fields(kept, "thread_name")} == {""}


def test_a_beginning_thread_has_its_own_name_from_its_first_event_on(mechanism, kept):
    """C16: also where the stand-in of an ended thread is listed under its ident."""
    ident = run_unlisted(threading.current_thread)
    names = []

    def act():
        names.append(threading.current_thread().name)

    with FunctionTimeMonitor(kept):
        found = run_with_ident(ident, act, name="own")

    recorded = [
        name
        for function, at, name in fields(kept, "function", "thread_id", "thread_name")
        if at == ident and function in {"_bootstrap", "_bootstrap_inner", "act"}
    ]
    if not found:
        pytest.skip("the system gives no thread that ident")
    assert names == ["own"]
    assert set(recorded) == {"own"}


def test_a_thread_is_known_by_its_new_name_once_it_has_one(mechanism, kept):
    """C16."""

    def renames():
        threading.current_thread().name = "renamed"
        boo()

    with FunctionTimeMonitor(kept):
        thread = threading.Thread(target=renames, name="first")
        thread.start()
        thread.join()

    rows = fields(kept, "function", "thread_name")
    assert {name for function, name in rows if function == "boo"} == {"renamed"}
    assert {name for function, name in rows if function == "renames"} == {"first", "renamed"}


class OwnMonitor(FunctionMonitor):
    """A monitor whose Python code sees each event."""

    def gather_info(self, frame, event, arg):
        return super().gather_info(frame, event, arg)


@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor, OwnMonitor])
def test_only_the_enabling_thread_is_monitored_not_one_that_gets_its_ident(
    mechanism, kept, monitor_type
):
    """C18."""
    monitor = monitor_type(kept, threads=False)

    def enables():
        monitor.enable()
        known.leaf()

    ident = run_unlisted(enables)
    found = run_with_ident(ident, boo)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monitor.disable()

    names = {record.function for record in kept.records}
    assert "leaf" in names
    assert "boo" not in names
    if not found:
        pytest.skip("the system gives no thread that ident")


def test_a_thread_with_the_ident_of_one_that_enabled_may_disable(mechanism, kept):
    """C18: nobody has taken its hook off, for it never had one."""
    monitor = FunctionMonitor(kept)

    ident = run_unlisted(monitor.enable)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_with_ident(ident, monitor.disable)
        monitor.disable()

    assert monitor.error is None


@pytest.mark.skipif(not sources.native_is_chosen(), reason="Python code has no way in on 3.11")
@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor])
def test_a_thread_that_threading_does_not_know_is_seen(kept, monitor_type):
    """P10: one of _thread.start_new_thread, which begins while a monitor is enabled."""
    ended = _thread.allocate_lock()

    def body():
        known.leaf()
        ended.release()

    with monitor_type(kept) as monitor:
        for _ in range(3):
            ended.acquire()
            _thread.start_new_thread(body, ())
            with ended:
                pass

    assert monitor.error is None
    begun = [record for record in kept.records if record.function == "leaf"]
    assert len(begun) == (6 if monitor_type is FunctionMonitor else 3)
