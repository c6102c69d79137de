"""A source of messages for tests: what is put into it, is what a viewer hears."""

from __future__ import annotations

from pikos.live.streams import Streams


class Frames:
    """A source of whatever bytes a publisher sends."""

    live = True
    disconnects = 0
    unanswered = False
    ended = False

    def __init__(self):
        self.streams = Streams()
        self.frames = []

    @property
    def refused(self):
        return self.streams.refused

    @property
    def last_error(self):
        return self.streams.last_error

    def now(self):
        return 10.0

    def receive(self, timeout_s=None):
        while self.frames:
            message = self.streams.take(self.frames.pop(0))
            if message is not None:
                return message
        return None

    def close(self):
        pass
