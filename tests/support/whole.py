"""Recordings of a publisher in which nothing is missing."""

from __future__ import annotations

import pytest

from pikos.wire.messages import Bye

ATTEMPTS_MAX = 10

LOST_AFTER_S = 5.0
"""How long the goodbye is waited for before it counts as lost, too."""


def recorded_whole(attempt):
    """What attempt() gives, a list of messages last, once none of them is missing.

    A publisher does not wait for a viewer that gets no processor: on a busy machine messages may
    be lost, and a viewer would ask for the whole state again.
    """
    for _ in range(ATTEMPTS_MAX):
        *rest, messages = attempt()
        numbers = [message.envelope.sequence for message in messages]
        whole = messages and isinstance(messages[-1], Bye)
        if whole and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            return *rest, messages
    return pytest.fail("messages were lost in each attempt")
