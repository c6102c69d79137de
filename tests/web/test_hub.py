"""What the hub keeps, and lets go."""

from __future__ import annotations

import threading

import pytest
from support.frames import Frames
from support.publisher import Publisher
from support.runtime import runtime
from support.session import PROGRAM, MadeUpSession
from support.waiting import wait_until

from pikos.live.client import Subscription
from pikos.live.web import hub as module
from pikos.live.web.feed import Feed
from pikos.live.web.hub import ALL, KEPT_MAX, Hub

__all__ = ["runtime"]


def test_the_oldest_of_the_kept_moments_is_forgotten(hub):
    numbers = [hub.keep("") for _ in range(KEPT_MAX + 5)]

    assert [hub.kept(number) is not None for number in numbers] == [False] * 5 + [True] * KEPT_MAX


def test_profiles_are_merged_and_records_are_not(hub, hear):
    assert [tab.id for tab in hub.tabs()] == [bytes(16).hex()]
    hear(*MadeUpSession(b"another profile!").keyframe(**PROGRAM))
    hear(*MadeUpSession(b"a monitor's rows", publishes="records").keyframe())

    assert [tab.id for tab in hub.tabs()][-1] == ALL
    tab, scene = hub.scene(ALL)
    assert tab == ALL
    calls = [stat.callcount for stat in scene.snapshot.stats.values()]
    assert sorted(calls) == [0, 12, 20]


def test_profiles_are_merged_only_for_a_page_that_looks_at_all_of_them(
    hub, hear, session, view, monkeypatch
):
    """V16: every request merged all profiles, only to name a tab."""
    merged = []
    merge = hub._merge.of
    monkeypatch.setattr(hub._merge, "of", lambda parts: merged.append(parts) or merge(parts))
    other = MadeUpSession(b"another profile!")
    hear(*other.keyframe(**PROGRAM))

    told = [view(panel=panel).told for panel in ("functions", "flame", "source")]
    assert [tab["name"] for tab in told[0]["tabs"]] == [
        "4242 app.py",
        "4242 app.py",
        "all together",
    ]
    assert merged == []

    assert view(tab=ALL).told["tab"] == ALL
    assert len(merged) == 1

    def states():
        return [tab["state"] for tab in view().told["tabs"]]

    hear(other.bye())
    assert states() == ["live", "ended", "live"]
    hear(session.bye())
    assert states() == ["ended", "ended", "ended"]
    assert len(merged) == 1


def test_memory_is_remembered_while_nobody_looks(hub, hear, session):
    for _ in range(50):
        hear(session.rows(session=PROGRAM["session"]))

    readings = hub.scene("")[1].memory

    assert len(readings) > 20
    assert readings[-1].session.rss_bytes == 50_000_000


def test_a_source_that_fails_is_told_of_by_those_that_go_on(monkeypatch):
    class Broken(Frames):
        def receive(self, timeout_s=None):
            raise RuntimeError("broken")

    seen = []
    monkeypatch.setattr(threading, "excepthook", lambda told: seen.append(told.exc_value))
    hub = Hub()
    hub.add(Broken(), "broken")
    with hub:
        wait_until(lambda: not hub.listening, "it stops")

    assert str(seen[0]) == "broken"


def test_sources_are_closed_with_the_hub(source):
    closed = []
    source.close = lambda: closed.append(True)
    hub = Hub()
    hub.add(source, "x")
    with hub:
        pass

    assert closed == [True]
    assert "pikos-hub" not in {thread.name for thread in threading.enumerate()}


def test_what_a_feed_remembers_of_sessions_is_bounded(source):
    feed = Feed(source, "x")
    other = MadeUpSession().rows(stat=[(2, 1, 0, 0, 5, 5)])
    for number in range(1, 5_001):
        source.frames.append(other[:8] + number.to_bytes(16, "big") + other[24:])
    feed.hear(60.0)

    assert len(feed._seen) <= 2 * len(feed.streams) + 1
    assert len(feed.streams) < 1000


@pytest.fixture
def few_feeds(monkeypatch):
    monkeypatch.setattr(module, "FEEDS_MAX", 2)
    monkeypatch.setattr(module, "LOOK_S", 0.02)


def test_sessions_are_found_as_they_come(runtime, few_feeds, monkeypatch):
    class Found:
        def __init__(self, address):
            self.address = address

    found = []
    monkeypatch.setattr(module, "list_sessions", lambda: list(found))
    publishers = [Publisher(session=MadeUpSession(bytes([n]) * 16, pid=n)) for n in (1, 2, 3)]
    try:
        with Hub(discover=True) as hub:
            found += [Found(publisher.address) for publisher in publishers[:2]]
            wait_until(lambda: {"01" * 16, "02" * 16} <= {tab.id for tab in hub.tabs()}, "two")

            found.append(Found(publishers[2].address))
            wait_until(lambda: len(hub._feeds) == 2, "a third one finds no room")
            assert "03" * 16 not in {tab.id for tab in hub.tabs()}
    finally:
        for publisher in publishers:
            publisher.close()


def test_a_session_whose_address_makes_no_sense_is_left_out(few_feeds, monkeypatch):
    asked = []

    class Found:
        @property
        def address(self):
            asked.append(self)
            return "nonsense"

    monkeypatch.setattr(module, "list_sessions", lambda: [Found()])
    with Hub(discover=True) as hub:
        wait_until(lambda: len(asked) > 10, "it is seen again and again")

        assert hub.listening
        assert hub.tabs() == []


def test_what_is_listened_to_over_the_wire_is_seen(runtime):
    with Publisher() as publisher:
        hub = Hub()
        hub.add(Subscription([publisher.address]), "it")
        with hub:
            wait_until(lambda: hub.scene("")[1].snapshot.stats, "counts")
