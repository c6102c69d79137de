"""Which process is behind an address, and which of them is gone (P2)."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.runtime import runtime

from pikos.live.departures import FIND_S, SETTLE_MAX_S, Departures, Gone
from pikos.publishing.session_directory import SessionDirectory

__all__ = ["runtime"]

ADDRESS = "ipc:///chosen/by/the/user"


class Process:
    """The session of a made-up process at an address."""

    def __init__(self, pid, address=ADDRESS):
        self._session = SessionDirectory.make()
        self._session.announce(address, ["program.py"], pid)
        path = Path(self._session.path)
        path.rename(path.with_name(f"{pid}-{path.name.partition('-')[2]}"))
        self.path = str(path.with_name(f"{pid}-{path.name.partition('-')[2]}"))
        self.gone = Gone(pid, self.path)

    def die(self, *, ledger=True):
        if ledger:
            Path(self.path, "ledger").write_bytes(b"pikosLGR")
        self._session.forget()


class Watched:
    """Departures with a clock of the test's own."""

    def __init__(self):
        self.now = 1000.0
        self.departures = Departures([ADDRESS], self.now)

    def look(self, *heard, after=SETTLE_MAX_S):
        self.now += after
        return self.departures.look(self.now, connected=True, heard=heard)


@pytest.fixture
def one(runtime):
    return Process(71)


def test_a_process_is_reported_once_it_is_gone(one):
    watched = Watched()
    assert watched.look(71) == []

    one.die()

    assert watched.look(71) == []  # its last messages may be on their way
    assert not watched.departures.complete
    assert watched.look(71) == [one.gone]
    assert watched.departures.complete
    assert watched.look(71) == []


def test_the_next_process_at_the_address_does_not_go_with_the_one_before(one):
    watched = Watched()
    one.die()
    another = Process(72)

    assert watched.look(71, 72, after=FIND_S) == []
    assert watched.look(71, 72) == [one.gone]
    assert not watched.departures.complete
    assert watched.departures.alive == [another.path]

    another.die()
    watched.look(72)
    assert watched.look(72) == [another.gone]
    assert watched.departures.complete


def test_the_next_process_is_found_after_the_one_before_was_reported(one):
    watched = Watched()
    one.die()
    watched.look(71)
    assert watched.look(71) == [one.gone]
    assert watched.departures.complete

    Process(72)
    watched.departures.find_soon()  # as with its hello
    watched.look(72, after=0)

    assert not watched.departures.complete


def test_a_process_that_was_heard_and_died_before_it_was_found_is_reported(one):
    watched = Watched()
    one.die()
    watched.look(71)
    watched.look(71)
    another = Process(72)
    another.die()

    watched.departures.find_soon()
    watched.look(72, after=0)

    assert watched.look(72) == [another.gone]


def test_what_died_at_the_address_before_and_was_not_heard_is_not_taken_for_a_process(one):
    one.die()
    another = Watched()

    assert another.look(after=FIND_S) == []
    assert not another.departures.complete


def test_a_process_of_the_same_number_is_another_one(one):
    """exec: the process id stays."""
    watched = Watched()
    one.die()
    another = Process(71)

    watched.look(71, after=FIND_S)
    assert watched.look(71) == [one.gone]
    assert watched.departures.alive == [another.path]
