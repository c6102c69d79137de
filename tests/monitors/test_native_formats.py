"""The texts of a program's places are made once for each way in which records are written."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import os
import queue
import select
import threading

import pytest
from support import known
from support.deadlines import DEADLINE_S

from pikos.hidden import hidden_thread
from pikos.monitors import sources
from pikos.monitors.api import FunctionMonitor, FunctionRecord
from pikos.monitors.native_recording import NativeHandler
from pikos.native import EVENTS
from pikos.recorders import escaping, native_format
from pikos.recorders.api import (
    CSVFileRecorder,
    CSVRecorder,
    TextFileRecorder,
    TextStreamRecorder,
)

pytestmark = pytest.mark.skipif(
    not sources.native_is_chosen(), reason="the extension pikos._events is not there"
)


@pytest.fixture
def texts_made(monkeypatch):
    """The texts of cells, as they are made; CSV recorders have to be safe for that."""
    made = []

    def counted(function):
        def make(value):
            if str(value).strip() and value not in FunctionRecord._fields:  # but for headers
                made.append(value)
            return function(value)

        return make

    monkeypatch.setattr(escaping, "without_formula", counted(escaping.without_formula))
    monkeypatch.setattr(native_format, "one_line", counted(native_format.one_line))
    return made


def csv_file(path, **options):
    return CSVFileRecorder(path / "records.csv", append=True, safe=True, **options)


def csv_stream(_path, **options):
    return CSVRecorder(io.StringIO(), safe=True, **options)


def text_file(path):
    return TextFileRecorder(path / "records.txt", append=True)


def text_stream(_path):
    return TextStreamRecorder(io.StringIO())


def formatted_text_stream(_path):
    return TextStreamRecorder(io.StringIO(), formatted=True)


RECORDERS = [csv_file, csv_stream, text_file, text_stream, formatted_text_stream]
each_recorder = pytest.mark.parametrize("make", RECORDERS, ids=lambda make: make.__name__)


@pytest.fixture
def record():
    """Record what code does whose texts no other test has made."""
    namespace = {}
    exec("def f(): g()\ndef g(): pass", namespace)
    return functools.partial(record_by_each, namespace["f"])


def record_by_each(workload, *recorders):
    monitors = [FunctionMonitor(recorder, FunctionRecord) for recorder in recorders]
    for monitor in monitors:
        monitor.enable()
    workload()
    for monitor in monitors:
        monitor.disable()


@each_recorder
def test_native_texts_outlive_the_disable(make, record, texts_made, tmp_path):
    """C3: a decorated function does not make them at each call."""
    recorder = make(tmp_path)

    record(recorder)
    first = len(texts_made)
    for _ in range(10):
        record(recorder)

    assert first
    assert len(texts_made) == first


@each_recorder
def test_native_texts_are_shared_by_recorders_that_write_alike(make, record, texts_made, tmp_path):
    """C3: n monitors make them once, and not n times."""
    recorders = [make(tmp_path) for _ in range(6)]

    record(recorders[0])
    first = len(texts_made)
    record(*recorders)
    record(*recorders)

    assert first
    assert len(texts_made) <= first + len(recorders)  # what each asks of its dialect


def test_native_texts_of_many_formats_do_not_push_one_another_out(record, texts_made, tmp_path):
    """C3: however many formats there are at once."""
    recorders = [csv_stream(tmp_path, delimiter=delimiter) for delimiter in ",;:|!$%&^~"]
    record(*recorders)
    first = len(texts_made)

    for _ in range(5):
        record(*recorders)

    assert first
    assert len(texts_made) == first


def test_native_texts_of_formats_that_are_gone_are_freed():
    """C3: a program that makes recorders without end does not keep all texts."""
    psutil = pytest.importorskip("psutil")
    process = psutil.Process()
    namespace = {}
    exec(compile("def f(): pass", "x" * 50_000, "exec"), namespace)

    def write(count):
        for number in range(count):
            recorder = CSVRecorder(io.StringIO(), lineterminator=f"{number}\n")
            with FunctionMonitor(recorder):
                namespace["f"]()
            if number % 20 == 0:
                del recorder
                gc.collect()

    write(500)
    before = process.memory_info().rss
    write(600)
    after = process.memory_info().rss

    assert after - before < 60_000_000


@pytest.mark.parametrize(
    "other",
    [
        {"delimiter": ";"},
        {"lineterminator": "\n"},
        {"quotechar": "'"},
        {"quoting": 1},
        {"escapechar": "\\"},
        {"doublequote": False},
        {"harmless": repr},
    ],
    ids=lambda options: next(iter(options)),
)
def test_native_formats_are_one_only_if_all_that_they_write_is_alike(other):
    def formatted(harmless=str, **options):
        return native_format.csv_format(("index", "function"), options, harmless, encoding="utf-8")

    one = formatted()

    assert formatted() is one
    assert formatted(dialect="excel") is one
    assert formatted(**other) is not one


def test_native_formats_of_lines_are_one_only_if_template_and_encoding_are():
    def formatted(template=None, encoding="utf-8", fields=("index", "function")):
        return native_format.line_format(fields, template, encoding=encoding)

    one, aligned = formatted(), formatted("{:>8} {}")

    assert formatted() is one
    assert formatted("{:>8} {}") is aligned
    others = [formatted("{:>9} {}"), formatted(encoding="ascii"), formatted(fields=("index",))]
    assert len({id(each) for each in (one, aligned, *others)}) == 5


@contextlib.contextmanager
def listening(*recordings):
    handlers = [NativeHandler(recording, None) for recording in recordings]
    functions = sources.native().functions
    with hidden_thread():
        for handler in handlers:
            functions.add(handler)
    try:
        yield
    finally:
        with hidden_thread():
            for handler in handlers:
                functions.remove(handler)


@pytest.mark.skipif(not hasattr(os, "pipe"), reason="no pipes")
def test_native_texts_stay_while_an_event_waits_for_who_writes(tmp_path):
    """C3: a waiting event has let the GIL go; others write its place in formats of their own."""
    layout = EVENTS.Layout(tuple, ("index", "function"))
    made = threading.Event()

    def format_of(number, begin):
        def pieces(*_values):
            made.set()
            return b"", begin.encode() + b"\n"

        return EVENTS.Format(pieces, str.encode, (("<", 0),), ("test", number))

    def recording(file, text_format):
        """One of the running thread."""
        return EVENTS.Recording(
            layout, EVENTS.Counter(), file, failures.append, format=text_format, one_thread=True
        )

    failures = []
    reading, writing = os.pipe()
    file = EVENTS.TextFile(writing, lambda: None)
    most = "y" * (17 * 1024 * 1024)  # past it an event waits
    stuck = threading.Thread(target=file.write, args=(most,))
    go = threading.Event()

    def wait_in_an_event():
        with hidden_thread():
            theirs.put(recording(file, format_of(0, "kept" * 20)))
            go.wait(DEADLINE_S)
        known.leaf()

    theirs = queue.SimpleQueue()
    waiting = threading.Thread(target=wait_in_an_event)
    with hidden_thread():
        stuck.start()
        waiting.start()
        assert select.select([reading], [], [], DEADLINE_S)[0]
        file.write(most)
    nowhere = EVENTS.TextFile(os.open(os.devnull, os.O_WRONLY), lambda: None)

    with listening(theirs.get(timeout=DEADLINE_S)):
        with hidden_thread():
            go.set()
            made.wait(DEADLINE_S)
        for number in range(1, 20):
            with listening(recording(nowhere, format_of(number, "lost" * 20))):
                known.leaf()
        with hidden_thread(), open(reading, "rb") as pipe:
            reader = threading.Thread(target=lambda: last.append(pipe.read()[-2000:]))
            last = []
            reader.start()
            waiting.join()
            stuck.join()
            file.close()
            reader.join()

    assert not failures
    assert b"lost" not in last[0]
    assert last[0].count(b"kept" * 20 + b"\n") >= 2


def test_a_format_with_fewer_spaces_than_fields_has_room_for_all(tmp_path):
    """C20."""
    fields = ("index", "RSS", "VMS", "time_ns", "last_exit_ns", "thread_id")
    path = tmp_path / "records"
    file = EVENTS.TextFile(os.open(path, os.O_WRONLY | os.O_CREAT), lambda: None)
    text_format = EVENTS.Format(
        lambda *_: (b"", *[b","] * (len(fields) - 1), b"\n"), str.encode, (), ("few spaces",)
    )
    failures = []
    recording = EVENTS.Recording(
        EVENTS.Layout(tuple, fields),
        EVENTS.Counter(),
        file,
        failures.append,
        format=text_format,
        one_thread=True,
    )

    with listening(recording):
        for _ in range(10_000):
            known.leaf()
    file.close()

    lines = path.read_text().splitlines()
    assert not failures
    assert len(lines) >= 20_000
    assert all(line.count(",") == len(fields) - 1 for line in lines)
