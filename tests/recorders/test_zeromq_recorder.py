"""ZeroMQRecorder: its session from the first prepare to the end."""

from __future__ import annotations

import os
import socket
import threading
from collections import namedtuple
from typing import NamedTuple

import pytest
import zmq
from support.deadlines import DEADLINE_S
from support.waiting import hear_until, wait_until

from pikos.cli.keygen import write_keys
from pikos.errors import AddressError
from pikos.filters.api import OnValue
from pikos.live import sessions, subscribe
from pikos.model import Model
from pikos.recorders.zeromq_recorder import NobodyWatches, ZeroMQRecorder
from pikos.wire.messages import Bye


class MemoryRecord(NamedTuple):
    index: int
    function: str
    RSS: int


LineRecord = namedtuple("LineRecord", "index lineNo line")  # noqa: PYI024 - as monitors make them


@pytest.fixture
def make(runtime):
    """Make recorders; those still open at the end are closed."""
    made = []

    def make(*arguments, wait_for_ready=False, **options):
        made.append(ZeroMQRecorder(*arguments, wait_for_ready=wait_for_ready, **options))
        return made[-1]

    yield make
    for recorder in made:
        recorder.close()


@pytest.fixture
def prepared(make):
    """A recorder that is ready for MemoryRecord."""
    recorder = make()
    recorder.prepare(MemoryRecord)
    return recorder


def record(recorder, *indexes, function="work"):
    for index in indexes:
        recorder.record(MemoryRecord(index, function, 1000 + index))


def hear(recorder, name, count):
    """What a new viewer knows once it has received so many records of a type."""
    with subscribe(recorder.address) as messages:
        return hear_until(
            messages,
            lambda now: name in now.records and now.records[name].received >= count,
            f"{count} of {name}",
        ).records[name]


def test_every_record_is_heard_in_order(prepared):
    """S54: handshake, every record, stop."""
    with subscribe(prepared.address, timeout=DEADLINE_S) as messages:
        model = Model()
        hear_until(messages, lambda now: now.complete, "the keyframe", model)
        record(prepared, *range(3000))
        prepared.finalize()
        prepared.close()
        for message in messages:
            model.fold(message)

    snapshot = model.snapshot()
    records = snapshot.records["MemoryRecord"]
    assert records.fields == ("index", "function", "RSS")
    assert list(records.rows) == [(index, "work", 1000 + index) for index in range(3000)]
    assert (records.published, records.missed, records.dropped) == (3000, 0, 0)
    assert snapshot.facts["publishes"] == "records"
    assert snapshot.ended == "closed"


def test_records_are_heard_before_the_recording_ends(prepared):
    """S05: live while it runs."""
    with subscribe(prepared.address) as messages:
        model = Model()
        for count in (1, 2, 3):
            record(prepared, count)
            hear_until(
                messages,
                lambda now, count=count: (
                    "MemoryRecord" in now.records
                    and now.records["MemoryRecord"].column("index") == [1, 2, 3][:count]
                ),
                f"{count} records",
                model,
            )

    assert prepared.ready


def test_a_viewer_that_comes_late_gets_what_was_recorded_before(prepared):
    """B16."""
    record(prepared, 1, 2, 3)
    prepared.finalize()

    assert hear(prepared, "MemoryRecord", 3).column("index") == [1, 2, 3]


def test_a_viewer_that_comes_back_sees_each_record_once(prepared):
    record(prepared, 1, 2)
    hear(prepared, "MemoryRecord", 2)
    record(prepared, 3)

    again = hear(prepared, "MemoryRecord", 3)

    assert again.column("index") == [1, 2, 3]
    assert again.received == 3


def test_a_second_viewer_does_not_repeat_records_for_the_first(prepared):
    record(prepared, 1, 2)
    model = Model()
    with subscribe(prepared.address) as first:
        hear_until(first, lambda now: now.complete, "the keyframe", model)
        hear(prepared, "MemoryRecord", 2)
        record(prepared, 3)
        snapshot = hear_until(
            first, lambda now: now.records["MemoryRecord"].received >= 3, "the third", model
        )

    records = snapshot.records["MemoryRecord"]
    assert (records.column("index"), records.received) == ([1, 2, 3], 3)


def test_what_comes_too_fast_is_counted(prepared):
    """B16."""
    record(prepared, *range(100_000))
    prepared.finalize()

    def newest_is_there(now):
        rows = now.records["MemoryRecord"].rows if now.complete else ()
        return rows and rows[-1][0] == 99_999

    with subscribe(prepared.address) as messages:
        snapshot = hear_until(messages, newest_is_there, "the newest record")
    records = snapshot.records["MemoryRecord"]
    assert records.received + records.missed + records.dropped == 100_000
    assert 0 < len(records.rows) <= 10_000 <= records.received


def test_nobody_is_waited_for_without_end(make):
    """B16."""
    recorder = make(wait_for_ready=True, ready_timeout=0.05)

    with pytest.warns(NobodyWatches, match=r"pikos top ipc://"):
        recorder.prepare(MemoryRecord)

    assert recorder.ready


def test_a_recorder_waits_only_the_first_time(make):
    recorder = make(wait_for_ready=True, ready_timeout=0.05)
    with pytest.warns(NobodyWatches):
        recorder.prepare(MemoryRecord)
    recorder.finalize()

    recorder.prepare(MemoryRecord)  # a warning would be an error

    assert recorder.ready


def test_a_recorder_goes_on_as_soon_as_somebody_watches(make, runtime):
    recorder = make(wait_for_ready=True, ready_timeout=DEADLINE_S)
    preparing = threading.Thread(target=recorder.prepare, args=(MemoryRecord,))
    preparing.start()

    found = wait_until(sessions.list_sessions, "the session")
    with subscribe(found[0].pid):
        preparing.join(DEADLINE_S)

    assert not preparing.is_alive()
    assert recorder.ready


def test_a_warning_turned_into_an_error_leaves_nothing_behind(make):
    recorder = make(wait_for_ready=True, ready_timeout=0.01)

    with pytest.raises(NobodyWatches):
        recorder.prepare(MemoryRecord)

    assert not recorder.ready
    assert sessions.list_sessions() == ()


def test_preparing_again_goes_on_with_the_same_session(prepared):
    stream = prepared.stream
    for index in (1, 2):
        record(prepared, index)
        prepared.finalize()
        prepared.prepare(MemoryRecord)
    record(prepared, 3)

    assert prepared.stream == stream
    assert len(sessions.list_sessions()) == 1
    assert hear(prepared, "MemoryRecord", 3).column("index") == [1, 2, 3]


def test_a_closed_recorder_begins_a_new_session(prepared):
    stream = prepared.stream
    prepared.close()

    prepared.prepare(MemoryRecord)

    assert prepared.stream not in {None, stream}


def test_two_monitors_may_share_a_recorder(prepared):
    """S55: one recorder, records of two types."""
    prepared.prepare(LineRecord)
    record(prepared, 1)
    prepared.record(LineRecord(2, 7, "    return"))
    prepared.finalize()
    prepared.record(LineRecord(3, 8, "x = 1"))

    assert prepared.ready
    assert hear(prepared, "MemoryRecord", 1).column("index") == [1]
    assert hear(prepared, "LineRecord", 2).rows == ((2, 7, "    return"), (3, 8, "x = 1"))


def test_a_type_that_comes_later_is_told_to_those_who_watch(prepared):
    model = Model()
    with subscribe(prepared.address) as messages:
        hear_until(messages, lambda now: now.complete, "the keyframe", model)
        prepared.prepare(LineRecord)
        prepared.record(LineRecord(1, 2, "pass"))
        snapshot = hear_until(
            messages,
            lambda now: "LineRecord" in now.records and now.records["LineRecord"].rows,
            "the other type",
            model,
        )

    assert snapshot.records["LineRecord"].rows == ((1, 2, "pass"),)


def test_only_what_the_filter_accepts_is_published(make):
    recorder = make(None, None, OnValue("function", "kept"))
    recorder.prepare(MemoryRecord)
    record(recorder, 1, function="other")
    record(recorder, 2, function="kept")

    assert hear(recorder, "MemoryRecord", 1).column("index") == [2]


@pytest.mark.parametrize("act", ["never prepared", "finalized", "closed"])
def test_a_recorder_that_is_not_ready_ignores_records(make, act):
    recorder = make()
    if act != "never prepared":
        recorder.prepare(MemoryRecord)
        recorder.close() if act == "closed" else recorder.finalize()

    record(recorder, 1)
    recorder.finalize()

    assert not recorder.ready


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_host_and_port_are_taken_as_the_seed_has_them(make):
    port = free_port()
    recorder = make("127.0.0.1", port)
    recorder.prepare(MemoryRecord)
    record(recorder, 1)

    assert recorder.address == f"tcp://127.0.0.1:{port}"
    assert hear(recorder, "MemoryRecord", 1).published == 1


def test_a_port_in_use_is_an_error_of_prepare(make):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        recorder = make(zmq_port=other.getsockname()[1])

        with pytest.raises(AddressError, match="give another address"):
            recorder.prepare(MemoryRecord)

    assert not recorder.ready
    assert sessions.list_sessions() == ()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"zmq_host": "0.0.0.0"}, AddressError),
        ({"zmq_host": "localhost"}, AddressError),
        ({"zmq_port": "9001"}, AddressError),
        ({"zmq_port": 70_000}, AddressError),
        ({"zmq_port": 1, "address": "ipc:///tmp/x"}, ValueError),
        ({"address": "ipc://@abstract"}, AddressError),
        ({"ready_timeout": -1.0}, ValueError),
        ({"filter_": 3}, TypeError),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(options, error):
    with pytest.raises(error):
        ZeroMQRecorder(**options)


def test_who_has_none_of_the_keys_sees_nothing(make, tmp_path):
    """B17."""
    keys, others = tmp_path / "keys", tmp_path / "others"
    write_keys(keys)
    write_keys(others)
    recorder = make(zmq_port=0, keys=keys)
    recorder.prepare(MemoryRecord)
    record(recorder, 1)

    with subscribe(recorder.address, keys=keys) as friend:
        hear_until(friend, lambda now: now.complete, "the keyframe")
        (others / "server.public").write_bytes((keys / "server.public").read_bytes())
        with (
            subscribe(recorder.address, keys=others) as stranger,
            subscribe(recorder.address) as nobody,
        ):
            assert stranger.receive(0.3) is None
            assert nobody.receive(0.1) is None


def test_a_recorder_that_is_collected_says_goodbye(make, runtime):
    recorder = ZeroMQRecorder(wait_for_ready=False)
    recorder.prepare(MemoryRecord)
    with subscribe(recorder.address, timeout=DEADLINE_S) as messages:
        next(messages)
        del recorder
        last = list(messages)[-1]

    assert isinstance(last, Bye)
    assert last.reason == "the recorder is gone"
    assert sessions.list_sessions() == ()


def test_nothing_is_left_after_many_sessions(make):
    """B16."""

    def held():
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    recorder = make()
    recorder.prepare(MemoryRecord)
    recorder.close()
    before = held()
    for _ in range(5):
        recorder.prepare(MemoryRecord)
        record(recorder, 1)
        recorder.close()

    assert held() == before


def test_a_subscription_of_nonsense_does_no_harm(prepared):
    with zmq.Context() as context, context.socket(zmq.XSUB) as stranger:
        stranger.linger = 0
        stranger.connect(prepared.address)
        for nonsense in (b"\x02what", b"", b"\x01" + b"x" * 5000, b"\x01topic"):
            stranger.send(nonsense)
        record(prepared, 1)

        assert hear(prepared, "MemoryRecord", 1).published == 1
