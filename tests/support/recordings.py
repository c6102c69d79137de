"""Recordings made by a test."""

from __future__ import annotations

import os

from support.session import MadeUpSession

from pikos.model import Model
from pikos.recording import RecordingWriter
from pikos.wire import codec


class Steps:
    """A clock that a test moves: seconds when it is called, ns by ``ns``, and what waits by it."""

    def __init__(self, now_s=0.0):
        self.now_s = now_s

    def __call__(self):
        return self.now_s

    def ns(self):
        return round(self.now_s * 1e9)

    def sleep(self, seconds):
        self.now_s += seconds


def record(path, frames, interval_s=0.1):
    """Write frames down, so far apart; the path."""
    clock = Steps()
    with RecordingWriter(path, clock.ns) as writer:
        for frame in frames:
            writer.write(frame)
            clock.sleep(interval_s)
    assert writer.failure is None
    return path


def fold(messages):
    """What messages come to."""
    model = Model()
    for message in messages:
        model.fold(message)
    return model.snapshot()


def snapshot_of(state, **facts):
    """The state of a made-up session that has ended."""
    session = MadeUpSession(os.urandom(16), **facts)
    return fold(map(codec.decode, [*session.keyframe(**state), session.bye("the end")]))
