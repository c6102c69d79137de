"""Waiting for something to come true, always with a deadline."""

from __future__ import annotations

import time

from support.deadlines import DEADLINE_S

from pikos.model import Model


def wait_until(condition, what):
    """Wait until condition() is true and return what it gave; fail after the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not in {DEADLINE_S} s: {what}"
        time.sleep(0.002)
    return value


def hear_until(messages, condition, what, model=None):
    """Fold a subscription's messages until condition(snapshot) is true; the last snapshot."""
    model = Model() if model is None else model
    deadline = time.monotonic() + DEADLINE_S
    while not condition(snapshot := model.snapshot()):
        message = messages.receive(1.0)  # or None at once, while no process is left
        if message is not None:
            model.fold(message)
        assert time.monotonic() < deadline, f"not in {DEADLINE_S} s: {what}; heard {snapshot}"
    return snapshot


def calls_of(snapshot, name):
    """How often the functions of a name have returned."""
    return sum(
        stat.callcount
        for stat in snapshot.stats.values()
        if stat.function in snapshot.functions and snapshot.functions[stat.function].name == name
    )
