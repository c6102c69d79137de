"""What of a file's records is there when: flushes by time and size, crashes, interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from record_samples import Plain, indexes_of, plain
from support.waiting import wait_until

from pikos.recorders import file_recorder
from pikos.recorders.api import CSVFileRecorder, TextFileRecorder

KINDS = [TextFileRecorder, CSVFileRecorder]
ENDLESS = """
    import sys
    from pikos.recorders.api import CSVFileRecorder, TextFileRecorder
    kind = {"text": TextFileRecorder, "csv": CSVFileRecorder}[sys.argv[1]]
    recorder = kind("records")
    recorder.prepare(tuple)
    print("prepared", flush=True)
    index = 0
    while True:
        recorder.record((index, "x" * (index % 50), "end"))
        index += 1
"""


@pytest.fixture
def recorder(request, tmp_path):
    recorder = request.param(tmp_path / "records")
    recorder.prepare(Plain)
    yield recorder
    recorder.finalize()


both = pytest.mark.parametrize("recorder", KINDS, indirect=True)


@both
def test_a_record_is_in_the_file_soon_though_nothing_follows_it(recorder, tmp_path):
    """S05: a program that falls silent, or is killed, has its records in the file."""
    recorder.record(plain(0))
    began = time.monotonic()

    wait_until(lambda: indexes_of(tmp_path / "records") == [0], "the record")

    assert time.monotonic() - began < 30.0


@both
def test_a_full_buffer_is_written_without_waiting(recorder, tmp_path):
    recorder._flusher.paused = True
    records = file_recorder.BUFFER_BYTES // len("0 gcd module.py")

    for index in range(2 * records):
        recorder.record(plain(index))

    assert len(indexes_of(tmp_path / "records")) >= records // 2


@both
def test_few_records_are_gathered(recorder, tmp_path):
    recorder._flusher.paused = True

    recorder.record(plain(0))

    assert indexes_of(tmp_path / "records") == []


@pytest.mark.parametrize("kind", KINDS)
def test_auto_flush_writes_each_record_at_once(kind, tmp_path):
    """S20: without buffering."""
    recorder = kind(tmp_path / "records", auto_flush=True)
    recorder.prepare(Plain)

    seen = []
    for index in range(3):
        recorder.record(plain(index))
        seen.append(indexes_of(tmp_path / "records"))
    recorder.finalize()

    assert seen == [[0], [0, 1], [0, 1, 2]]
    assert not recorder._flusher.running


@both
def test_only_whole_lines_are_written(recorder, tmp_path):
    recorder._flusher.paused = True
    tails = set()

    for index in range(20_000):
        recorder.record(plain(index))
        if index % 100 == 0 and (written := (tmp_path / "records").read_bytes()):
            tails.add(written[-1:])

    assert tails == {b"\n"}


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="sees all threads from 3.12 on")
def test_no_code_but_that_of_pikos_is_run_for_flushing(python, write, tmp_path):
    """B10: a monitor of all threads sees nothing of the flusher, nor of a fork that stops it."""
    path = write(
        "seen.py",
        """
        import os, sys, time, threading
        from pikos.hidden import code_is_hidden, thread_is_hidden
        from pikos.recorders.api import CSVFileRecorder

        seen = []
        def hook(code, *_):
            if not code_is_hidden(code) and not thread_is_hidden(threading.get_ident()):
                seen.append(code.co_qualname)

        def flushed():
            return os.path.getsize("records") > 0

        recorder = CSVFileRecorder("records")
        recorder.prepare(tuple)
        monitoring = sys.monitoring
        monitoring.use_tool_id(4, "seen")
        monitoring.register_callback(4, monitoring.events.PY_START, hook)
        monitoring.set_events(4, monitoring.events.PY_START)
        recorder.record((1, 2))
        deadline = time.monotonic() + 120
        while os.stat("records").st_size == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        if (child := os.fork()) == 0:
            os._exit(0)
        os.waitpid(child, 0)
        recorder.record((3, 4))
        monitoring.set_events(4, 0)
        recorder.finalize()
        print(seen)
        """,
    )

    done = python(path, env=os.environ | {"PYTHONPATH": os.getcwd()})

    assert done.stdout == "[]\n", done.stderr
    assert (tmp_path / "records").read_text() == "1,2\n3,4\n"


@both
def test_the_thread_ends_when_the_recording_does(recorder):
    recorder.record(plain(0))
    started = recorder._flusher.running

    recorder.finalize()

    assert started
    wait_until(lambda: not recorder._flusher.running, "the end of the thread")


@both
def test_where_no_thread_can_be_started_the_rest_goes_on(recorder, monkeypatch, tmp_path):
    def refuse(*arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refuse)

    recorder.record(plain(0))
    recorder.finalize()

    assert indexes_of(tmp_path / "records") == [0]


@pytest.mark.parametrize("kind", ["text", "csv"])
def test_a_killed_program_leaves_whole_lines_but_for_the_last(kind, write, tmp_path):
    """B25: the last one may be cut short; none is missing before it."""
    script = write("endless.py", ENDLESS)

    for delay_s in (0.0, 0.05, 0.1):
        program = subprocess.Popen(
            [sys.executable, script, kind],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.getcwd()},
        )
        with program:
            program.stdout.readline()
            wait_until(lambda: (tmp_path / "records").stat().st_size, "a first flush")
            time.sleep(delay_s)
            program.kill()

        lines = (tmp_path / "records").read_text().replace(",", " ").splitlines()[:-1]
        assert [int(line.split()[0]) for line in lines] == list(range(len(lines)))
        assert all(line.endswith(" end") for line in lines)
        os.unlink(tmp_path / "records")


@pytest.mark.parametrize("end", ["sys.exit(3)", "1 / 0", "pass"])
@pytest.mark.parametrize("kind", ["TextFileRecorder", "CSVFileRecorder"])
def test_a_program_that_ends_without_finalize_has_its_records(kind, end, python, tmp_path):
    done = python(
        "-c",
        f"import sys; from pikos.recorders.api import {kind} as kind; recorder = kind('records');"
        f"recorder.prepare(tuple); recorder.record((7,)); {end}",
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )

    assert (tmp_path / "records").read_text() == "7\n"
    assert done.returncode == {"sys.exit(3)": 3, "1 / 0": 1, "pass": 0}[end]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no interval timers here")
@pytest.mark.parametrize("kind", KINDS)
def test_an_interruption_leaves_whole_lines_each_once(kind, tmp_path):
    """KeyboardInterrupt mid-record reaches the program; no line is cut or written twice."""
    recorder = kind(tmp_path / "records")
    interruptions = 0
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    recorder.prepare(Plain)
    index = 0
    try:
        while interruptions < 200:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.00005 + 0.000013 * (interruptions % 31))
                while True:
                    recorder.record(plain(index))
                    index += 1
            except KeyboardInterrupt:
                interruptions += 1
                index += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    recorder.finalize()

    indexes = indexes_of(tmp_path / "records")
    lines = (tmp_path / "records").read_text().replace(",", " ").splitlines()
    assert indexes == sorted(set(indexes))
    assert index - len(indexes) <= interruptions
    assert {line.split(" ", 1)[1] for line in lines[2:]} == {"gcd module.py"}
