"""A subscription, folded, between two pictures."""

from __future__ import annotations

import time

import pytest
from support.deadlines import DEADLINE_S
from support.publisher import Publisher, until
from support.session import MadeUpSession

from pikos.live import Subscription, subscribe
from pikos.live.watch import Watch


@pytest.fixture
def publisher():
    with Publisher() as made:
        yield made


def listen(watch, condition):
    """Listen until the watch is as wanted, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        watch.listen(0.01)
    return watch.scene()


def test_a_scene_is_what_was_heard(publisher):
    with subscribe(publisher.address) as subscription:
        watch = Watch(subscription, "it")
        scene = listen(watch, lambda: watch.whole)

    assert scene.target == "it"
    assert scene.snapshot.facts["pid"] == 4242
    assert scene.snapshot.age_s(scene.now) < DEADLINE_S


def test_a_scene_tells_what_was_refused(publisher):
    with subscribe(publisher.address) as subscription:
        watch = Watch(subscription, "it")
        listen(watch, lambda: watch.whole)
        publisher.say(b"noise")
        scene = listen(watch, lambda: watch.scene().refused)

    assert scene.refused == 1
    assert "envelope" in scene.refusal


def test_a_watch_is_over_with_the_goodbye(publisher):
    with subscribe(publisher.address) as subscription:
        watch = Watch(subscription, "it")
        listen(watch, lambda: watch.whole)
        publisher.bye("the end")
        scene = listen(watch, lambda: watch.over)

    assert scene.snapshot.ended == "the end"


def test_a_watch_stays_with_its_session_until_that_is_stale(publisher):
    now = [0.0]
    other = MadeUpSession(b"2" * 16)
    with Subscription([publisher.address], clock=lambda: now[0]) as subscription:
        watch = Watch(subscription, "it", clock=lambda: now[0])

        def hear(count):
            for _ in range(count):
                message = subscription.receive(None)
                watch._model.fold(message, now[0])

        hear(5)
        first = watch.scene().snapshot.stream
        publisher.silent = True
        publisher.say(other.hello())
        until(lambda: _heard(subscription, watch, now, other.stream), "the other session")

        assert watch.scene().snapshot.stream == first
        now[0] = 10.0
        assert watch.scene().snapshot.stream == other.stream


def _heard(subscription, watch, now, stream):
    message = subscription.receive(0)
    if message is not None:
        watch._model.fold(message, now[0])
    return watch._model.snapshot().stream == stream


def test_silence_is_counted_from_the_beginning_and_from_what_was_heard_last():
    now = [5.0]
    with Subscription(["tcp://127.0.0.1:9"], clock=lambda: now[0]) as subscription:
        watch = Watch(subscription, "it", clock=lambda: now[0])
        now[0] = 7.0

        assert watch.silent_s() == 2.0
