"""ZeroMQRecorder when something goes wrong, and what its thread is to monitors."""

from __future__ import annotations

import inspect
import threading
from typing import NamedTuple

import pytest
from support.waiting import wait_until

from pikos.errors import KeyFileError
from pikos.hidden import thread_is_hidden
from pikos.live import sessions
from pikos.publishing.outlet import Outlet
from pikos.recorders.abstract_recorder import AbstractRecorder, RecorderError
from pikos.recorders.record_buffer import WAITING_MAX
from pikos.recorders.zeromq_recorder import ZeroMQRecorder


class Record(NamedTuple):
    index: int


@pytest.fixture
def recorder(runtime):
    """A recorder that is ready; it is closed at the end."""
    recorder = ZeroMQRecorder(wait_for_ready=False)
    recorder.prepare(Record)
    yield recorder
    recorder.close()


def senders():
    return [thread for thread in threading.enumerate() if thread.name == "pikos records"]


def test_the_arguments_are_those_of_the_seed_and_more():
    """S54: names and order of the arguments."""
    names = list(inspect.signature(ZeroMQRecorder).parameters)

    assert names[:4] == ["zmq_host", "zmq_port", "filter_", "wait_for_ready"]
    assert issubclass(ZeroMQRecorder, AbstractRecorder)


def test_no_monitor_records_the_thread_that_sends(recorder):
    (sender,) = senders()

    assert wait_until(lambda: thread_is_hidden(sender.ident), "the thread to be hidden")
    assert not thread_is_hidden(threading.get_ident())


def test_publishing_that_fails_is_told_once_and_holds_nothing_up(recorder, monkeypatch):
    def fail(outlet):
        raise OSError("no more")

    monkeypatch.setattr(Outlet, "subscriptions", fail)
    wait_until(lambda: not senders(), "the thread to end")
    for index in range(2 * WAITING_MAX):
        recorder.record(Record(index))

    with pytest.raises(RecorderError, match="no more"):
        recorder.finalize()

    recorder.finalize()
    assert not recorder.ready
    assert sessions.list_sessions() == ()


def test_a_recorder_that_failed_can_be_prepared_again(recorder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Outlet, "subscriptions", lambda outlet: 1 / 0)
        wait_until(lambda: not senders(), "the thread to end")
        with pytest.raises(RecorderError):
            recorder.finalize()

    recorder.prepare(Record)

    assert recorder.ready
    assert senders()


def test_keys_that_are_not_there_are_an_error_of_prepare(runtime, tmp_path):
    recorder = ZeroMQRecorder(zmq_port=0, keys=tmp_path, wait_for_ready=False)

    with pytest.raises(KeyFileError):
        recorder.prepare(Record)

    assert not recorder.ready
    assert sessions.list_sessions() == ()


def test_an_interruption_while_waiting_leaves_nothing_behind(runtime, monkeypatch):
    def interrupt(sender, timeout_s):
        raise KeyboardInterrupt

    monkeypatch.setattr("pikos.recorders.record_sender.RecordSender.wait_for_viewer", interrupt)
    recorder = ZeroMQRecorder()

    with pytest.raises(KeyboardInterrupt):
        recorder.prepare(Record)

    assert not recorder.ready
    assert not senders()
    assert sessions.list_sessions() == ()


def test_records_of_many_threads_all_arrive(recorder):
    def work(begin):
        for index in range(begin, begin + 2000):
            recorder.record(Record(index))

    threads = [threading.Thread(target=work, args=(2000 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tables = recorder._sender._messages.tables
    recorder.close()  # its thread, which owns the tables, has ended

    (records,) = tables.all()
    assert sorted(records.kept) == [(index,) for index in range(8000)]
