"""The order of a session's messages."""

from __future__ import annotations

from support.session import MadeUpSession

from pikos.wire.codec import decode
from pikos.wire.order import Order


def test_nothing_is_dropped_before_the_first_message():
    made_up, order = MadeUpSession(), Order()
    made_up.sequence = 500

    assert order.note(decode(made_up.hello()))
    assert order.dropped == 0


def test_a_gap_is_counted():
    made_up, order = MadeUpSession(), Order()
    order.note(decode(made_up.hello()))
    made_up.sequence += 4

    assert order.note(decode(made_up.bye()))
    assert order.dropped == 4


def test_an_older_message_is_no_news():
    made_up, order = MadeUpSession(), Order()
    old = decode(made_up.rows())
    order.note(decode(made_up.rows()))

    assert not order.note(old)


def test_a_keyframe_completes_the_state_and_a_hello_for_somebody_else_leaves_it():
    made_up, order = MadeUpSession(), Order()

    for message in made_up.keyframe():
        assert not order.complete
        order.note(decode(message))

    assert order.complete
    order.note(decode(made_up.hello()))
    assert order.complete
