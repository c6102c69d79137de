"""The extension writes and keeps what the recorders do when they are given each record."""

from __future__ import annotations

import collections
import contextlib
import csv
import ctypes
import gc
import io
import itertools
import os
import re
import select
import signal
import sys
import threading
import time
import warnings

import pytest
from support import known
from support.kept import let_go
from support.recorded import calls
from support.waiting import wait_until
from support.workloads import syntax_trees

from pikos.errors import RecordingStopped
from pikos.filters.api import NotOnValue, OnChange, OnValue
from pikos.hidden import hidden_thread
from pikos.monitors import sources
from pikos.monitors.api import (
    FocusedFunctionMonitor,
    FocusedLineMonitor,
    FunctionMonitor,
    FunctionRecord,
    LineMonitor,
)
from pikos.monitors.native_recording import NativeHandler
from pikos.monitors.records import RECORD_TYPES
from pikos.recorders.api import (
    CSVFileRecorder,
    CSVRecorder,
    ListRecorder,
    TextFileRecorder,
    TextStreamRecorder,
)

pytestmark = pytest.mark.skipif(
    not sources.native_is_chosen(), reason="the extension pikos._events is not there"
)

STRANGE = 'a,"b"\n\x1b[2J\u202e\udcff=1.py'
MONITORS = [FunctionMonitor, LineMonitor]


def strange(monitor):
    """Run code whose names and file are what nobody would choose."""
    code = compile("def f\u00e9(x):\n    return len(x)\nf\u00e9('a')\n", STRANGE, "exec")
    with monitor:
        exec(code, {})
        known.gcd_internal(12, 3)


def both_ways(make, monkeypatch, run=strange):
    """What run records by the extension, and by Python code."""
    recorded = []
    for native in (True, False):
        if not native:
            monkeypatch.setattr(sources, "native_is_chosen", lambda: False)
        monitor, read = make()
        with monitor:
            assert isinstance(monitor._handler, NativeHandler) is native
        run(monitor)
        recorded.append(read())
    return recorded


def without_measures(text):
    """Text with all long numbers alike: memory and time are never the same twice."""
    return re.sub(r" *\b\d{5,}\b *", "N", text)


@pytest.mark.parametrize("record_type", RECORD_TYPES, ids=lambda record_type: record_type.__name__)
@pytest.mark.parametrize("monitor_type", MONITORS)
@pytest.mark.parametrize(
    ("recorder_type", "options"),
    [
        (CSVFileRecorder, {}),
        (CSVFileRecorder, {"safe": True, "delimiter": ";", "lineterminator": "\n"}),
        (CSVFileRecorder, {"quoting": csv.QUOTE_NONNUMERIC}),
        (CSVFileRecorder, {"quoting": csv.QUOTE_ALL}),
        (CSVFileRecorder, {"quoting": csv.QUOTE_NONE, "escapechar": "\\"}),
        (CSVFileRecorder, {"auto_flush": True}),
        (TextFileRecorder, {}),
        (TextFileRecorder, {"formatted": True}),
        (TextFileRecorder, {"formatted": True, "auto_flush": True}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else " ".join(map(str, value)),
)
def test_files_are_the_same_bytes(
    monkeypatch, tmp_path, monitor_type, record_type, recorder_type, options
):
    def make():
        path = tmp_path / "records"
        path.unlink(missing_ok=True)
        monitor = monitor_type(recorder_type(path, **options), record_type)
        return monitor, lambda: without_measures(path.read_bytes().decode())

    native, python = both_ways(make, monkeypatch)

    assert native.count("\n") > 10
    assert native == python


@pytest.mark.parametrize("auto_flush", [None, False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "utf-16", None])
@pytest.mark.parametrize("recorder_type", [TextStreamRecorder, CSVRecorder])
def test_streams_get_the_same_text(monkeypatch, recorder_type, encoding, auto_flush):
    """P4: records to a stream of Python's are made in C too, whatever its encoding is."""

    def make():
        if encoding is None:
            stream = io.StringIO(newline="")
            return FunctionMonitor(recorder_type(stream, auto_flush=auto_flush)), stream.getvalue
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\r\n")
        monitor = FunctionMonitor(recorder_type(stream, auto_flush=auto_flush))
        return monitor, stream.buffer.getvalue

    native, python = both_ways(make, monkeypatch)

    assert len(native) > 500
    assert native == python


def test_a_lone_column_is_written_as_among_others(monkeypatch, tmp_path):
    """P4: ``--fields`` with one field is made in C too."""

    def make():
        path = tmp_path / "records"
        path.unlink(missing_ok=True)
        return FunctionMonitor(CSVFileRecorder(path), fields=["filename"]), path.read_bytes

    native, python = both_ways(make, monkeypatch)

    assert native == python


class Own(list):
    def prepare(self, record_type):
        pass

    def record(self, record):
        self.append(record)

    def finalize(self):
        pass


class OwnMonitor(FunctionMonitor):
    def gather_info(self, frame, event, arg):
        return super().gather_info(frame, event, arg)


class OwnRecord(FunctionRecord):
    def __new__(cls, *values):
        return super().__new__(cls, *values)


class OwnStream(io.StringIO):
    pass


class Conversion(FunctionRecord):
    line = "{!r} {} {} {} {}"


REASONS = {
    "the filter is a lambda": lambda: FunctionMonitor(ListRecorder(lambda record: True)),
    "the filter is an instance of builtin_function_or_method": lambda: FunctionMonitor(
        ListRecorder(OnChange("type") | len)
    ),
    "the filter is the function both_ways": lambda: FunctionMonitor(ListRecorder(both_ways)),
    "the filter compares with an instance of object": lambda: FunctionMonitor(
        ListRecorder(~OnValue("function", object()))
    ),
    "the filter asks for the field 'RSS', which records do not have": lambda: FunctionMonitor(
        ListRecorder(OnValue("RSS", 1))
    ),
    "record() of the recorder, a Own, is called for each record": lambda: FunctionMonitor(Own()),
    "gather_info() is overridden, and called for each event": lambda: OwnMonitor(ListRecorder()),
    "the record type OwnRecord makes its records in its own way": lambda: FunctionMonitor(
        ListRecorder(), OwnRecord
    ),
    "the clock is not time.monotonic_ns": lambda: FunctionMonitor(
        ListRecorder(), fields=["time_ns"], clock=time.perf_counter_ns
    ),
    "a sign of the CSV dialect is also one of numbers": lambda: FunctionMonitor(
        CSVRecorder(io.StringIO(), delimiter="1")
    ),
    "the stream is an instance of OwnStream, whose write() is called for each record": (
        lambda: FunctionMonitor(TextStreamRecorder(OwnStream()))
    ),
    "the template '{!r} {} {} {} {}' does more than align each value": lambda: FunctionMonitor(
        TextStreamRecorder(io.StringIO(), formatted=True), Conversion
    ),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_only_python_can_do_is_left_to_it_and_says_why(reason):
    """P4: ``mechanism``, before, while and after events are recorded."""
    monitor = REASONS[reason]()

    said = [monitor.mechanism]
    monitor.enable()
    handler = monitor._handler
    said.append(monitor.mechanism)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordingStopped)
        monitor.disable()
    said.append(monitor.mechanism)

    assert not isinstance(handler, NativeHandler)
    assert said == [f"Python: {reason}"] * 3


def test_without_the_extension_python_does_all_and_says_why(monkeypatch):
    """P4."""
    monkeypatch.setattr(sources, "native_is_chosen", lambda: False)
    monkeypatch.setattr("pikos.monitors.event_monitor.MISSING", "there is no compiler")

    assert FunctionMonitor(ListRecorder()).mechanism == "Python: there is no compiler"


def test_a_focus_of_greenlets_is_left_to_python(monkeypatch):
    """P4."""
    monkeypatch.setitem(sys.modules, "greenlet", sys)
    monitor = FocusedFunctionMonitor(ListRecorder(), functions=[known.leaf])

    assert monitor.mechanism.startswith("Python: each greenlet has a focus of its own")


@pytest.mark.parametrize("monitor_type", MONITORS)
@pytest.mark.parametrize(
    "make",
    [
        ListRecorder,
        lambda: TextStreamRecorder(io.StringIO(), auto_flush=True),
        lambda: CSVRecorder(io.StringIO()),
        lambda: TextFileRecorder(os.devnull, auto_flush=True),
        lambda: CSVFileRecorder(os.devnull, ~OnChange("function") & OnValue("index", 1)),
    ],
)
def test_what_c_can_do_is_said_to_be_done_there(monitor_type, make):
    """P4."""
    monitor = monitor_type(make())

    said = [monitor.mechanism]
    with monitor:
        said.append(monitor.mechanism)
        assert isinstance(monitor._handler, NativeHandler)

    assert [*said, monitor.mechanism] == ["C"] * 3


def test_records_reach_a_stream_in_time_and_in_order_with_those_given_by_hand():
    """P4: blocks, at least once a second; a record that Python gives comes after those of C."""
    stream = io.StringIO()
    recorder = TextStreamRecorder(stream)
    with FunctionMonitor(recorder, fields=["function"]):
        known.leaf()
        wait_until(lambda: stream.getvalue().count("leaf") == 2, "the flush")
        known.leaf()
        recorder.record(("by hand",))
        lines = stream.getvalue().splitlines()[2:]

    assert [line for line in lines if line in {"leaf", "by hand"}] == ["leaf"] * 4 + ["by hand"]


def test_records_reach_a_file_in_time_though_nothing_follows_them(tmp_path):
    """P4: also those made in C, after a header, and again after a fork."""
    path = tmp_path / "records"
    with FunctionMonitor(CSVFileRecorder(path, OnValue("function", "leaf"))):
        known.leaf()
        wait_until(lambda: path.read_text().count("leaf") == 2, "the flush")
        if (child := os.fork()) == 0:
            os._exit(0)
        os.waitpid(child, 0)
        known.leaf()
        wait_until(lambda: path.read_text().count("leaf") == 4, "the flush")


def test_each_record_is_written_at_once_where_it_is_to_be(tmp_path):
    """P4: ``auto_flush`` in C."""
    path = tmp_path / "records"
    seen = []
    with FunctionMonitor(CSVFileRecorder(path, OnValue("function", "leaf"), auto_flush=True)):
        for _ in range(3):
            known.leaf()
            seen.append(path.read_text().count("leaf"))

    assert seen == [2, 4, 6]


@pytest.mark.parametrize("auto_flush", [False, True])
def test_a_pipe_that_nobody_reads_stops_the_recording_and_not_the_program(auto_flush):
    """P4."""
    reader, writer = os.pipe()
    os.close(reader)
    with contextlib.suppress(BrokenPipeError), open(writer, "w") as stream:
        monitor = FunctionMonitor(TextStreamRecorder(stream, auto_flush=auto_flush), tuple)
        with pytest.warns(RecordingStopped):
            record_much(monitor)

    assert isinstance(monitor.error, BrokenPipeError)


@pytest.mark.parametrize("auto_flush", [False, True])
def test_a_stream_that_is_closed_stops_the_recording_and_not_the_program(auto_flush):
    """P4."""
    stream = io.TextIOWrapper(io.BytesIO())
    monitor = FunctionMonitor(TextStreamRecorder(stream, auto_flush=auto_flush), tuple)

    with pytest.warns(RecordingStopped):
        record_much(monitor, stream.close)

    assert isinstance(monitor.error, ValueError)


def record_much(monitor, before=lambda: None):
    with monitor:
        before()
        for _ in range(10_000):
            known.leaf()


def test_an_interruption_leaves_whole_lines_of_a_stream_each_once():
    """P4: KeyboardInterrupt while a full pipe is written to; no line is cut or written twice."""
    reader, writer = os.pipe()
    read = []
    ready = threading.Event()

    def drain():
        ready.wait(30)
        with open(reader) as lines:
            read.extend(lines)

    drainer = threading.Thread(target=drain)
    with hidden_thread():
        drainer.start()
    interrupted = False
    with open(writer, "w") as stream:
        monitor = FunctionMonitor(TextStreamRecorder(stream), fields=["index", "function"])
        with monitor:
            threading.current_thread()  # the pipe is full after 64 KiB of the first block
            previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.3)
                while True:
                    known.leaf()
            except KeyboardInterrupt:
                interrupted = True
            signal.signal(signal.SIGALRM, previous)
            with hidden_thread():
                ready.set()
            known.leaf()
        assert monitor.error is None
    drainer.join(30)

    indexes = [int(line.split()[0]) for line in read[2:]]
    assert interrupted
    assert indexes == list(range(len(indexes)))
    assert len(indexes) > 10_000


def test_a_recorder_that_overrides_record_gets_each_record():
    class Doubling(ListRecorder):
        def record(self, data):
            super().record(data)
            super().record(data)

    recorder = Doubling()
    with FunctionMonitor(recorder):
        known.leaf()

    assert calls(recorder) == [("call", "leaf")] * 2 + [("return", "leaf")] * 2


def test_a_record_type_with_a_way_of_its_own_is_called():
    class Shouting(FunctionRecord):
        def __new__(cls, index, event, function, *rest):
            return super().__new__(cls, index, event, function.upper(), *rest)

    recorder = ListRecorder()
    with FunctionMonitor(recorder, Shouting):
        known.leaf()

    assert [record.function for record in recorder.records] == ["LEAF", "LEAF"]


@pytest.mark.parametrize(
    "accept",
    [
        OnValue("function", "gcd", "len"),
        NotOnValue("type", "return", "c_return"),
        OnChange("function"),
        OnChange("lineNo") & ~OnValue("type", "call"),
        OnValue("function", "internal") | OnValue("lineNo", 1),
        OnValue("index", 3, 5.0, None),
    ],
    ids=repr,
)
def test_filters_on_fields_accept_the_same(monkeypatch, accept):
    def make():
        recorder = ListRecorder(accept)
        if hasattr(accept, "seen"):
            accept.seen.__dict__.clear()
        return FunctionMonitor(recorder), lambda: list(map(tuple, recorder.records))

    native, python = both_ways(make, monkeypatch)

    assert 0 < len(native) < 20
    assert native == python


def test_a_filter_s_values_may_change_while_it_is_in_use():
    accept = OnValue("function", "gcd")
    recorder = ListRecorder(accept)

    with FunctionMonitor(recorder):
        known.gcd(4, 2)
        accept.values[:] = ["leaf"]
        known.gcd(4, 2)
        known.leaf()

    assert [name for _, name in calls(recorder)] == ["gcd", "gcd", "leaf", "leaf"]


def test_records_outlive_the_code_that_they_are_of():
    recorder = ListRecorder()

    with FunctionMonitor(recorder):
        for number in range(300):
            exec(f"def made_{number}(): return 1\nmade_{number}()", {})
    gc.collect()

    events = calls(recorder)
    made = [name for event, name in events if event == "call" and name.startswith("made_")]
    assert made == [f"made_{number}" for number in range(300)]


def test_each_thread_s_records_are_in_order_in_a_file(tmp_path):
    """8 threads of 10,000 calls each: every index once, in the order of the file."""
    path = tmp_path / "records.csv"

    def work():
        for _ in range(10_000):
            known.leaf()

    with FunctionMonitor(CSVFileRecorder(path), fields=("index", "type", "function", "thread_id")):
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == list(range(len(rows)))
    counted = {thread.ident: 0 for thread in threads}
    for row in rows:
        if row["type"] == "call" and row["function"] == "leaf":
            counted[int(row["thread_id"])] += 1
    assert sum(counted.values()) == 80_000


@pytest.mark.parametrize("recorder_type", [CSVFileRecorder, TextFileRecorder])
def test_what_is_allocated_ahead_on_the_disk_is_used(recorder_type, tmp_path):
    """Several blocks: each row is there once, and the disk holds no more than the file."""
    path = tmp_path / "records"

    with FunctionMonitor(recorder_type(path), fields=("index", "function", "filename")):
        for _ in range(20_000):
            known.leaf()

    header = 1 if recorder_type is CSVFileRecorder else 2
    rows = path.read_text(encoding="utf-8").splitlines()[header:]
    assert [int(re.split("[, ]", row, maxsplit=1)[0]) for row in rows] == list(range(len(rows)))
    assert len(rows) == 40_000
    status = path.stat()
    assert status.st_size > 1024 * 1024
    assert status.st_blocks * 512 <= status.st_size + 64 * 1024


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk")
@pytest.mark.parametrize("monitor_type", MONITORS)
def test_a_full_disk_stops_the_recording_and_nothing_else(monitor_type):
    monitor = monitor_type(CSVFileRecorder("/dev/full"))

    with pytest.warns(RecordingStopped, match="No space left") as warned, monitor:
        assert [known.gcd(12, 3) for _ in range(5_000)] == [3] * 5_000

    assert len(warned) == 1
    assert isinstance(monitor.error, OSError)


def test_what_waits_is_written_in_time(tmp_path):
    path = tmp_path / "records.csv"

    with FunctionMonitor(CSVFileRecorder(path)):
        known.leaf()
        wait_until(lambda: b"leaf" in path.read_bytes(), "the flusher")
        known.gcd(4, 2)
        wait_until(lambda: b"gcd" in path.read_bytes(), "the flusher again")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_writes_nothing_of_what_waits_in_its_parent(tmp_path):
    path = tmp_path / "records.csv"

    with FunctionMonitor(CSVFileRecorder(path)) as monitor:
        known.leaf()
        child = os.fork()
        if not child:
            known.leaf()
            monitor.recorder.at_exit()
            monitor.disable()
            gc.collect()
            os._exit(0)
        _, status = os.waitpid(child, 0)

    assert status == 0
    assert path.read_text().count(",call,leaf,") == 1


def test_code_that_is_born_where_other_code_died_is_recorded_as_itself():
    """No event lies between the last one of some code and the first one of the next."""
    names = [f"born_{number}.py" for number in range(100)]
    source = "seen.append(id(frame().f_code))\n" + "x = 1\n" * 2000  # whose place is used anew
    codes = map(compile, itertools.repeat(source), names, itertools.repeat("exec"))
    known_there = {"seen": [], "frame": sys._getframe}
    recorder = ListRecorder()

    with FunctionMonitor(recorder):
        collections.deque(map(exec, codes, itertools.repeat(known_there)), maxlen=0)

    events = [
        (os.path.basename(record.filename), record.type)
        for record in recorder.records
        if "born_" in record.filename
    ]
    kinds = [kind for name, kind in events if name == names[0]]
    assert kinds[0] == "call"
    assert kinds[-1] == "return"
    assert events == [(name, kind) for name in names for kind in kinds]
    if "PIKOS_SANITIZED" not in os.environ:  # there nothing is born where something died
        assert any(one == after for one, after in itertools.pairwise(known_there["seen"]))


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="sys.monitoring")
def test_lines_outside_the_focus_make_no_events():
    monitor = FocusedLineMonitor(ListRecorder(), functions=[known.gcd])

    with monitor:
        tools = [ident for ident in range(6) if sys.monitoring.get_tool(ident) == "pikos-events"]
        everywhere = [sys.monitoring.get_events(ident) for ident in tools]
        local = sys.monitoring.get_local_events(tools[0], known.gcd.__code__)
        monitor.functions.add(known.leaf)
        added = sys.monitoring.get_local_events(tools[0], known.leaf.__code__)
        monitor.functions.discard(known.gcd)
        known.gcd(4, 2)
        known.leaf()

    let_go()

    assert everywhere == [0]
    assert local & added & sys.monitoring.events.LINE
    assert {record.function for record in monitor.recorder.records} == {"leaf"}
    assert sys.monitoring.get_local_events(tools[0], known.leaf.__code__) == 0


def test_two_monitors_with_a_focus_each_keep_to_their_own():
    first = FocusedFunctionMonitor(ListRecorder(), functions=[known.gcd_internal])
    second = FocusedFunctionMonitor(ListRecorder(), functions=[known.internal])

    with first, second:
        known.gcd_internal(6, 4)

    everything, inner = calls(first.recorder), calls(second.recorder)
    assert everything[0] == ("call", "gcd_internal")
    assert {name for _, name in inner} == {"internal", "boo"}
    assert [call for call in everything if call[1] in {"internal", "boo"}] == inner


@pytest.mark.parametrize("monitor_type", MONITORS)
def test_many_records_take_little_memory_until_they_are_read(monitor_type):
    """At most 64 bytes each: two words, and the share of a chunk."""
    psutil = pytest.importorskip("psutil")
    process = psutil.Process()
    recorder = ListRecorder()

    syntax_trees()
    with monitor_type(recorder):
        syntax_trees()
        before, count = process.memory_info().rss, len(recorder._raw)
        while len(recorder._raw) < count + 300_000:
            syntax_trees()
        after, more = process.memory_info().rss, len(recorder._raw) - count

    assert (after - before) / more < 64


def test_the_extension_refuses_what_it_cannot_work_with():
    from pikos.native import EVENTS

    layout = EVENTS.Layout(tuple, ("index", "function"))
    good = (layout, EVENTS.Counter(), EVENTS.Rows(), print)
    wrong = [
        lambda: EVENTS.Layout(list, ("index",)),
        lambda: EVENTS.Layout(tuple, ("nothing",)),
        lambda: EVENTS.Layout(tuple, ()),
        lambda: EVENTS.Rows(-1),
        lambda: EVENTS.Format(print, print, (("x", 3),), 1),
        lambda: EVENTS.Format(print, print, (("<", -3),), 1),
        lambda: EVENTS.Recording(*good[:2], [], print),
        lambda: EVENTS.Recording(*good, plan=("in", 8, [])),
        lambda: EVENTS.Recording(*good, plan=("maybe", 0, [])),
        lambda: EVENTS.Recording(*good, plan=("not", ("in", 0, ()))),
        lambda: EVENTS.Recording(*good, focus={1}),
        lambda: EVENTS.Recording(*good).enter([1]),
        lambda: EVENTS.listen((1,), ()),
        lambda: EVENTS.TextFile(-1, print).write("a"),
        lambda: EVENTS.TextFile(-1, print).write(b"a"),
    ]
    callbacks = getattr(EVENTS, "function_callbacks", {}).values()

    for call in [*wrong, *callbacks]:
        with pytest.raises((TypeError, ValueError)):
            call()


def test_a_file_that_another_thread_writes_is_closed_by_it():
    from pikos.native import EVENTS

    reading, writing = os.pipe()
    file = EVENTS.TextFile(writing, lambda: None)
    stuck = threading.Thread(target=file.write, args=("x" * 300_000,))
    stuck.start()
    wait_until(lambda: select.select([reading], [], [], 0)[0], "the first bytes")

    with pytest.raises(OSError, match="busy"):
        file.close()
    closed = file.closed
    with open(reading, "rb") as pipe:
        read = pipe.read()
    stuck.join()

    assert closed
    assert read == b"x" * 300_000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_what_cannot_be_written_is_dropped_and_counted_where_that_is_allowed(tmp_path):
    path = tmp_path / "records.csv"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reading, True)
    recorder = CSVFileRecorder(path, drop=True)
    rows = []

    def work():
        while not recorder.dropped:
            syntax_trees()

    def read():
        with hidden_thread(), open(reading, "rb") as pipe:
            rows.append(pipe.read().count(b"\n"))

    with FunctionMonitor(recorder) as monitor, hidden_thread():
        workers = [threading.Thread(target=work) for _ in range(2)]
        reader = threading.Thread(target=read)
        for worker in workers:
            worker.start()  # one is held up by the pipe, which is full
        wait_until(lambda: recorder.dropped, "a record that is dropped")
        reader.start()
        for worker in workers:
            worker.join()
    reader.join()

    assert rows == [1 + next(monitor._indexes) - recorder.dropped]


def test_indexes_go_on_where_python_code_took_some():
    monitor = FunctionMonitor(ListRecorder())

    with monitor:
        known.leaf()
    taken = monitor.gather_info(sys._getframe(), "call", None)
    with monitor:
        known.leaf()

    indexes = [record.index for record in monitor.recorder.records]
    assert [*indexes[:2], taken.index, *indexes[2:]] == list(itertools.islice(itertools.count(), 5))


def allocations_left():
    """The counter of a build whose allocations can be made to fail; see ext/alloc.h."""
    from pikos.native import EVENTS

    try:
        return ctypes.c_long.in_dll(ctypes.CDLL(EVENTS.__file__), "pk_alloc_left")
    except ValueError:
        pytest.skip("the extension is not built to fail allocations")


@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor, FocusedFunctionMonitor])
def test_want_of_memory_stops_the_recording_at_most(tmp_path, monitor_type):
    """Whichever allocation fails, once; what was recorded before is kept."""
    left = allocations_left()
    options = {"functions": [syntax_trees]} if monitor_type is FocusedFunctionMonitor else {}
    stopped = whole = 0

    for count in [*range(40), 10**6, 10**6]:
        recorders = [CSVFileRecorder(tmp_path / "records.csv"), ListRecorder()]
        for recorder in recorders:
            monitor = monitor_type(recorder, fields=("index", "time_ns", "function"), **options)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RecordingStopped)
                with monitor:
                    left.value = count
                    exec("def f(x): return len([x])\nf(f(1))", {})
                    syntax_trees()
                    left.value = -1
            stopped += isinstance(monitor.error, MemoryError)
            whole += monitor.error is None
        indexes = [record.index for record in recorders[1].records]
        assert indexes == list(range(len(indexes)))

    assert stopped > 3
    assert whole >= 4


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="nowhere to write to")
@pytest.mark.parametrize("monitor_type", MONITORS)
def test_events_take_no_memory_until_the_end(monitor_type):
    """A million of them; ``make bench`` has ten."""
    psutil = pytest.importorskip("psutil")
    process = psutil.Process()

    with monitor_type(CSVFileRecorder("/dev/null")) as monitor:
        while next(monitor._indexes) < 100_000:
            syntax_trees()
        before = process.memory_info().rss
        while next(monitor._indexes) < 1_100_000:
            syntax_trees()
        after = process.memory_info().rss

    assert after - before < 512 * 1024
