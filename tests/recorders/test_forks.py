"""Recorders in a child of a fork: the parent's file is the parent's."""

from __future__ import annotations

import os
import warnings

import pytest
from record_samples import Plain, indexes_of, plain
from support.deadlines import DEADLINE_S

from pikos.recorders.api import (
    CSVFileRecorder,
    ListRecorder,
    RecorderError,
    TextFileRecorder,
    TextStreamRecorder,
)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")

KINDS = [TextFileRecorder, CSVFileRecorder]


def in_child(function):
    """What function() gives in a child, as text; the child ends without cleaning up."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            answer = repr(function())
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        answer = answers.read()
    os.waitpid(child, 0)
    return answer


@pytest.fixture(params=KINDS)
def recorder(request, tmp_path):
    return request.param(tmp_path / "records")


def test_what_the_parent_has_yet_to_write_is_written_once(recorder, tmp_path):
    recorder.prepare(Plain)
    recorder.record(plain(0))

    answer = in_child(recorder.finalize)
    recorder.record(plain(1))
    recorder.finalize()

    assert answer == "None"
    assert indexes_of(tmp_path / "records") == [0, 1]


@pytest.mark.parametrize("kind", ["TextFileRecorder", "CSVFileRecorder"])
def test_a_child_that_ends_in_order_writes_nothing_of_the_parents(kind, python, tmp_path):
    done = python(
        "-c",
        "import os, sys\n"
        f"from pikos.recorders.api import {kind}\n"
        f"recorder = {kind}('records')\n"
        "recorder.prepare(tuple)\n"
        "for index in range(100):\n"
        "    recorder.record((index,))\n"
        "if child := os.fork():\n"
        "    os.waitpid(child, 0)\n"
        "    recorder.record(('parent',))\n"
        "    recorder.finalize()\n"
        "sys.exit(0)\n",
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )

    lines = (tmp_path / "records").read_text().splitlines()
    assert done.returncode == 0, done.stderr
    assert lines == [*map(str, range(100)), "parent"]


def test_a_child_is_refused_when_it_records(recorder, tmp_path):
    recorder.prepare(Plain)

    answer = in_child(lambda: recorder.record(plain(7)))
    recorder.finalize()

    assert answer.startswith("RecorderError")
    assert indexes_of(tmp_path / "records") == []


@pytest.mark.parametrize("is_open", [False, True])
def test_a_child_is_told_to_make_a_recorder_of_its_own(recorder, is_open, tmp_path):
    if is_open:
        recorder.prepare(Plain)
        recorder.record(plain(0))

    answer = in_child(lambda: recorder.prepare(Plain))

    assert answer.startswith("RecorderError")
    assert f"belongs to process {os.getpid()}" in answer
    assert "make a recorder with a file of its own" in answer
    if is_open:
        recorder.finalize()
        assert indexes_of(tmp_path / "records") == [0]


def test_a_recorder_that_the_child_makes_works(recorder, tmp_path):
    recorder.prepare(Plain)
    recorder.record(plain(0))

    def record():
        own = type(recorder)(tmp_path / "own")
        own.prepare(Plain)
        own.record(plain(1))
        own.finalize()

    answer = in_child(record)
    recorder.finalize()

    assert answer == "None"
    assert indexes_of(tmp_path / "own") == [1]
    assert indexes_of(tmp_path / "records") == [0]


def test_streams_and_lists_can_be_used_in_a_child(capfd):
    reader, writer = os.pipe()
    kept = ListRecorder()
    with os.fdopen(writer, "w") as stream:
        recorder = TextStreamRecorder(stream, auto_flush=True)
        recorder.prepare(tuple)

        def record():
            kept.record((1,))
            recorder.prepare(tuple)
            recorder.record(("child", len(kept.records)))

        answer = in_child(record)
        recorder.finalize()
    with os.fdopen(reader) as lines:
        assert lines.read() == "child 1\n"
    assert answer == "None"


def test_many_forks_disturb_neither_the_file_nor_the_program(recorder, tmp_path):
    """No DeprecationWarning of a process with several threads: the flusher has ended."""
    recorder.prepare(Plain)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for index in range(20):
            recorder.record(plain(index))
            if (child := os.fork()) == 0:
                os._exit(0)
            os.waitpid(child, 0)
    recorder.record(plain(20))
    running = recorder._flusher.running
    recorder.finalize()

    assert running
    assert indexes_of(tmp_path / "records") == list(range(21))


def test_a_fork_does_not_wait_for_ever_for_a_line(recorder, monkeypatch):
    import threading

    monkeypatch.setattr("pikos.recorders.stream_recorder._PATIENCE_S", 0.01)
    recorder.prepare(Plain)
    locked, done = threading.Event(), threading.Event()

    def hold():
        with recorder._lock:
            locked.set()
            done.wait(DEADLINE_S)

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(DEADLINE_S)
    recorder.before_fork()
    recorder.after_fork_in_parent()
    done.set()
    holder.join()

    recorder.record(plain(0))
    recorder.finalize()


def test_a_forgotten_recorder_is_told_nothing(tmp_path):
    recorder = TextFileRecorder(tmp_path / "records")
    recorder.prepare(Plain)
    recorder.finalize()
    del recorder

    assert in_child(lambda: 1) == "1"


def test_a_recorder_error_is_what_a_child_gets_from_a_recorder_never_prepared(recorder):
    with pytest.raises(RecorderError):
        recorder.finalize()

    assert in_child(recorder.finalize).startswith("RecorderError")
