"""A focused function monitor in a program that switches between greenlets."""

from __future__ import annotations

import importlib
import sys

import pytest
from support.recorded import calls

from pikos.monitors.api import FocusedFunctionMonitor


@pytest.fixture
def greenlet():
    """The package, for this test: where it is imported monitors are made for it."""
    yield importlib.import_module("greenlet")
    del sys.modules["greenlet"]


def focused(switch):
    within()
    switch()
    within()


def within():
    pass


def outside():
    pass


def pythons(recorder):
    names = {"focused", "within", "outside"}
    return [event for event in calls(recorder) if event[1] in names]


WITHIN = [("call", "within"), ("return", "within")]
FIRST, LAST = [("call", "focused"), *WITHIN], [*WITHIN, ("return", "focused")]


def test_what_another_greenlet_does_meanwhile_is_not_inside(greenlet, mechanism, kept):
    def other():
        outside()

    with FocusedFunctionMonitor(kept, functions=[focused]):
        focused(greenlet.greenlet(other).switch)
        outside()

    assert pythons(kept) == FIRST + LAST


def test_each_greenlet_leaves_the_focus_by_itself(greenlet, mechanism, kept):
    second = greenlet.greenlet(focused)

    def leave():
        greenlet.getcurrent().parent.switch()

    with FocusedFunctionMonitor(kept, functions=[focused]):
        focused(lambda: second.switch(leave))
        outside()
        second.switch()
        outside()

    assert pythons(kept) == FIRST + FIRST + LAST + LAST


def test_a_greenlet_that_is_dropped_in_the_focus_leaves_it(greenlet, mechanism, kept):
    def leave():
        greenlet.getcurrent().parent.switch()

    with FocusedFunctionMonitor(kept, functions=[focused]) as monitor:
        dropped = greenlet.greenlet(focused)
        dropped.switch(leave)
        outside()
        del dropped
        outside()
        open_at_the_end = monitor._inside._open.stacks

    assert pythons(kept) == [*FIRST, ("return", "focused")]
    assert not open_at_the_end


def test_a_greenlet_that_begins_in_the_focus_is_not_inside(greenlet, mechanism, kept):
    """It is its own: who switches to it calls nothing."""

    def begin():
        greenlet.greenlet(outside).switch()

    with FocusedFunctionMonitor(kept, functions=[focused]):
        focused(begin)

    assert pythons(kept) == FIRST + LAST
