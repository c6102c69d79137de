"""Subscriptions to a publisher that behaves, and to ones that do not."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest
import zmq
from support.deadlines import DEADLINE_S
from support.publisher import Publisher, until
from support.session import PROGRAM, MadeUpSession

from pikos.errors import AddressError, KeyFileError, SessionNotFound, SessionSilent
from pikos.live import Subscription, subscribe
from pikos.model import Model
from pikos.wire import tables
from pikos.wire.messages import Bye, Hello


@pytest.fixture
def publisher():
    with Publisher() as made:
        yield made


def listen(subscription, model, condition):
    """Fold messages until the snapshot is as wanted, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition(model.snapshot()):
        assert time.monotonic() < deadline
        message = subscription.receive(0.5)
        if message is not None:
            model.fold(message, time.monotonic())
    return model.snapshot()


def test_a_viewer_that_joins_late_gets_the_whole_state(publisher):
    until(lambda: publisher.subscriptions == 0, "nobody is there")

    with subscribe(publisher.address) as subscription:
        snapshot = listen(subscription, Model(), lambda snapshot: snapshot.complete)

    assert [function.line for function in snapshot.functions.values()] == [3, 9, 0]
    assert snapshot.facts["pid"] == 4242


def test_what_is_done_meanwhile_waits_until_there_is_nothing_to_receive(publisher, monkeypatch):
    """A recorder that compressed each message before it received the next one lost the others."""
    session = MadeUpSession()
    queue = [session.hello(), *(session.rows(open_call=[]) for _ in range(9))]
    heard, done, waits = [], [], []

    def meanwhile():
        done.append(len(heard))
        return len(done) < 5

    with subscribe(publisher.address) as subscription:
        monkeypatch.setattr(subscription._link, "read", lambda: queue.pop(0) if queue else None)
        monkeypatch.setattr(subscription._link, "wait", waits.append)
        subscription.tap = heard.append
        subscription.meanwhile = meanwhile
        while len(done) < 6:
            subscription.receive(0.01)

    assert set(done) == {10}
    assert waits[1:15] == [0] * 14  # there is something to do
    assert waits[15] > 0


def test_a_keyframe_that_takes_long_to_arrive_is_not_asked_for_again(publisher, monkeypatch):
    """A million contexts take longer than the patience: each request made one more keyframe."""
    session = MadeUpSession()
    hello, *parts = session.keyframe(**PROGRAM)
    asked, now = [], [0.0]

    with Subscription([publisher.address], clock=lambda: now[0]) as subscription:
        monkeypatch.setattr(subscription._link, "subscribe_anew", lambda: asked.append(now[0]))
        queue = [hello, *parts]
        monkeypatch.setattr(subscription._link, "read", lambda: queue.pop(0) if queue else None)
        while queue:
            now[0] += 100.0
            subscription.receive(0)
        assert asked == []

        session.sequence += 1
        for _ in range(2):  # patience begins where the state is lacking first
            queue.append(session.rows(open_call=[]))
            now[0] += 100.0
            subscription.receive(0)
        assert asked == [now[0]]


def test_what_comes_before_the_keyframe_that_was_subscribed_to_asks_for_no_other(
    publisher, monkeypatch
):
    session = MadeUpSession()
    early, keyframe = session.rows(open_call=[]), session.keyframe(**PROGRAM)
    asked, now = [], [0.0]

    with Subscription([publisher.address], clock=lambda: now[0]) as subscription:
        monkeypatch.setattr(subscription._link, "subscribe_anew", lambda: asked.append(now[0]))
        queue = [early, *keyframe]
        monkeypatch.setattr(subscription._link, "read", lambda: queue.pop(0) if queue else None)
        now[0] = 100.0  # a viewer may start slowly
        while queue:
            subscription.receive(0)

    assert asked == []


def test_iteration_ends_with_the_goodbye(publisher):
    publisher.bye("done")

    with subscribe(publisher.address, timeout=DEADLINE_S) as subscription:
        publisher.silent = False
        until(lambda: publisher.subscriptions, "the viewer is there")
        publisher.bye("done")
        messages = list(subscription)

    assert isinstance(messages[0], Hello)
    assert isinstance(messages[-1], Bye)
    assert messages[-1].reason == "done"


def test_a_subscription_is_an_asynchronous_iterable(publisher):
    async def heard():
        kinds = []
        async for message in subscription:
            kinds.append(type(message).__name__)
            if len(kinds) == 20:
                publisher.bye()
        return kinds

    with subscribe(publisher.address, timeout=DEADLINE_S) as subscription:
        kinds = asyncio.run(asyncio.wait_for(heard(), DEADLINE_S))

    assert kinds[0] == "Hello"
    assert kinds[-1] == "Bye"


def test_asynchronous_waiting_is_bounded_and_leaves_the_loop_free():
    async def silence(subscription):
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.ensure_future(tick())
        with pytest.raises(SessionSilent):
            await anext(subscription)
        ticking.cancel()
        return ticks

    with subscribe("tcp://127.0.0.1:9", timeout=0.2) as subscription:
        assert asyncio.run(asyncio.wait_for(silence(subscription), DEADLINE_S)) > 3


def test_waiting_for_nobody_is_bounded_and_says_why():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"

        with (
            subscribe(address, timeout=0.05) as subscription,
            pytest.raises(SessionSilent, match=r"0.05 s: nobody answers") as caught,
        ):
            next(subscription)

    assert caught.value.address == address


def test_a_publisher_that_says_nothing_is_told_from_nobody(publisher):
    publisher.silent = True

    with subscribe(publisher.address, timeout=0.5) as subscription:
        until(lambda: publisher.subscriptions, "the viewer is there")
        with pytest.raises(SessionSilent, match="says nothing"):
            next(subscription)


def test_an_address_that_makes_no_sense_is_refused():
    with pytest.raises(AddressError, match="tcp://HOST:PORT"):
        subscribe("carrier-pigeon://here")


def test_a_process_without_a_session_is_not_found(runtime):
    with pytest.raises(SessionNotFound, match="none"):
        subscribe(99_999_999)


def test_a_gap_is_counted_and_made_up_for(publisher):
    with subscribe(publisher.address) as subscription:
        model = Model()
        listen(subscription, model, lambda snapshot: snapshot.complete)
        asked = publisher.subscriptions

        publisher.skip(5)
        listen(subscription, model, lambda snapshot: snapshot.dropped >= 5)
        listen(subscription, model, lambda snapshot: snapshot.complete)

        assert subscription.dropped == model.snapshot().dropped >= 5
        assert publisher.subscriptions > asked


def test_the_whole_state_is_not_asked_for_all_the_time(publisher):
    now = [0.0]
    with Subscription([publisher.address], clock=lambda: now[0]) as subscription:
        while not subscription.receive(None).envelope.flags & tables.FLAG_KEYFRAME_END:
            pass
        asked = publisher.subscriptions

        for _ in range(10):
            publisher.skip(1)
            before = subscription.dropped
            while subscription.dropped == before:
                subscription.receive(None)

        assert publisher.subscriptions == asked
        now[0] = 1.0
        publisher.skip(1)
        while publisher.subscriptions == asked:
            subscription.receive(None)


def test_bad_messages_are_counted_and_the_good_state_stays(publisher):
    with subscribe(publisher.address) as subscription:
        model = Model()
        before = listen(subscription, model, lambda snapshot: snapshot.complete)

        for noise in (b"", b"noise", b"PKOS" + bytes(60), b"\xff" * 100_000):
            publisher.say(noise)
        publisher.say(publisher.session.rows(stat=[])[:-1])
        listen(subscription, model, lambda _: subscription.refused == 5)
        after = listen(subscription, model, lambda snapshot: snapshot.messages > before.messages)

    assert after.functions == before.functions
    assert "size" in subscription.last_error.reason


def test_a_message_past_the_limit_is_never_received(publisher):
    with subscribe(publisher.address) as subscription:
        model = Model()
        listen(subscription, model, lambda snapshot: snapshot.complete)

        publisher.say(bytes(tables.MESSAGE_MAX + 1))
        listen(subscription, model, lambda _: subscription.disconnects == 1)
        messages = model.snapshot().messages
        snapshot = listen(subscription, model, lambda snapshot: snapshot.messages > messages + 3)

    assert subscription.refused == 0
    assert len(snapshot.functions) == 3


def test_a_publisher_that_comes_back_is_heard_again():
    with Publisher() as first:
        address = first.address
        subscription = subscribe(address)
        model = Model()
        listen(subscription, model, lambda snapshot: snapshot.complete)

    with subscription, Publisher(address, session=MadeUpSession(b"2" * 16)):
        listen(subscription, model, lambda snapshot: snapshot.stream == b"2" * 16)
        listen(subscription, model, lambda snapshot: snapshot.complete)

    assert len(model.streams) == 2
    assert subscription.dropped == 0


def test_a_slow_viewer_is_told_what_it_missed(publisher):
    with subscribe(publisher.address) as subscription:
        model = Model()
        listen(subscription, model, lambda snapshot: snapshot.complete)

        for _ in range(3000):
            publisher.say(bytes(100_000))
        until(lambda: publisher.sent >= 3000, "everything is sent")
        snapshot = listen(
            subscription, model, lambda snapshot: snapshot.dropped + subscription.refused > 1
        )
        listen(subscription, model, lambda snapshot: snapshot.complete)

    assert subscription.refused < 3000
    assert snapshot.functions


def test_ten_thousand_sessions_do_not_fill_a_subscription(publisher):
    def flood():
        for number in range(10_000):
            publisher.say(MadeUpSession(number.to_bytes(16, "big")).hello())

    with subscribe(publisher.address) as subscription:
        model = Model()
        listen(subscription, model, lambda snapshot: snapshot.complete)
        flooding = threading.Thread(target=flood)
        flooding.start()
        listen(subscription, model, lambda _: model.forgotten > 0)
        flooding.join()

        assert len(model.streams) == 64
        assert len(subscription._streams) == 64


def test_a_subscription_is_stale_after_three_intervals(publisher):
    now = [50.0]
    with Subscription([publisher.address], clock=lambda: now[0]) as subscription:
        while not isinstance(subscription.receive(None), Hello):
            pass

        assert not subscription.stale(50.2)
        assert subscription.stale(50.3)


def test_a_subscription_can_be_closed_twice(publisher):
    subscription = subscribe(publisher.address)

    subscription.close()
    subscription.close()

    assert subscription._link._socket.closed


@pytest.fixture
def key_directory(tmp_path):
    public, secret = zmq.curve_keypair()
    server_public, server_secret = zmq.curve_keypair()
    for name, key in {
        "server.public": server_public,
        "client.public": public,
        "client.secret": secret,
    }.items():
        (tmp_path / name).write_bytes(key + b"\n")
        (tmp_path / name).chmod(0o600)
    return tmp_path, (server_public, server_secret)


def test_with_its_keys_an_encrypted_publisher_is_heard(key_directory):
    directory, keys = key_directory

    with Publisher(keys=keys) as publisher, subscribe(publisher.address, keys=directory) as heard:
        snapshot = listen(heard, Model(), lambda snapshot: snapshot.complete)

    assert len(snapshot.functions) == 3


def test_without_keys_an_encrypted_publisher_is_not_heard(key_directory):
    _, keys = key_directory

    with (
        Publisher(keys=keys) as publisher,
        subscribe(publisher.address, timeout=1.0) as subscription,
        pytest.raises(SessionSilent),
    ):
        next(subscription)


def test_another_publishers_keys_are_of_no_use(key_directory):
    directory, _ = key_directory

    with (
        Publisher(keys=zmq.curve_keypair()) as publisher,
        subscribe(publisher.address, timeout=1.0, keys=directory) as subscription,
        pytest.raises(SessionSilent),
    ):
        next(subscription)


def test_a_key_that_others_may_read_is_refused(key_directory):
    directory, _ = key_directory
    (directory / "client.secret").chmod(0o644)

    with pytest.raises(KeyFileError, match="chmod 600"):
        subscribe("tcp://127.0.0.1:9", keys=directory)


def test_a_key_that_is_none_is_refused(key_directory):
    directory, _ = key_directory
    (directory / "server.public").write_text("é" * 40)

    with pytest.raises(KeyFileError, match="not a key"):
        subscribe("tcp://127.0.0.1:9", keys=directory)


def test_a_missing_key_says_what_to_do(tmp_path):
    with pytest.raises(KeyFileError, match="pikos keygen"):
        subscribe("tcp://127.0.0.1:9", keys=tmp_path)
