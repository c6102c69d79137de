"""Records in the model: numbered, repeated by keyframes, bounded."""

from __future__ import annotations

import pytest
from support.session import MadeUpSession

from pikos.model import Model
from pikos.wire import tables
from pikos.wire.codec import decode, encode_hello, encode_rows
from pikos.wire.messages import Block

DECLARED = tables.Table(
    65, "Record", "append", (), (tables.Column("index", "i64"), tables.Column("name", "str"))
)
ALL = (tables.RECORDING, DECLARED)


class Recorder:
    """A made-up session that publishes records, and a model that hears it."""

    def __init__(self):
        self.session = MadeUpSession(publishes="records")
        self.model = Model()

    def hello(self):
        self._fold(encode_hello(self.session.stamp(), self.session.facts, ALL))

    def rows(self, indexes, *, published, dropped=0, flags=0, last=None, heard=True):
        last = max(indexes, default=published) if last is None else last
        blocks = [
            Block.of(tables.RECORDING, [(65, published, last, dropped, 0)]),
            Block.of(DECLARED, [(index, f"r{index}") for index in indexes]),
        ]
        message = encode_rows(self.session.stamp(flags), blocks)
        if heard:
            self._fold(message)

    def records(self):
        return self.model.snapshot().records["Record"]

    def _fold(self, message):
        self.model.fold(decode(message, ALL), 5.0)


@pytest.fixture
def recorder():
    made = Recorder()
    made.hello()
    return made


def test_a_type_is_there_before_its_first_record(recorder):
    assert (recorder.records().fields, recorder.records().rows) == (("index", "name"), ())


def test_records_are_looked_up_by_field(recorder):
    recorder.rows([1, 2], published=2)

    assert recorder.records().column("name") == ["r1", "r2"]
    assert list(recorder.records().named())[1] == {"index": 2, "name": "r2"}
    assert recorder.records().heard_at == 5.0
    with pytest.raises(ValueError, match="not in tuple"):
        recorder.records().column("other")


def test_a_keyframe_repeats_records_and_counts_none_twice(recorder):
    recorder.rows([1, 2], published=2)
    recorder.hello()
    recorder.rows([1, 2], published=3, flags=tables.FLAG_KEYFRAME)
    recorder.rows([3], published=3, flags=tables.FLAG_KEYFRAME)

    assert recorder.records().column("index") == [1, 2, 3]
    assert recorder.records().received == 3


def test_records_that_a_keyframe_does_not_repeat_are_kept(recorder):
    recorder.rows([1, 2, 3], published=3)
    recorder.rows([4], published=4, heard=False)
    recorder.hello()
    recorder.rows([3, 4, 5], published=5, flags=tables.FLAG_KEYFRAME)

    assert recorder.records().column("index") == [1, 2, 3, 4, 5]


def test_all_records_can_be_kept(recorder):
    recorder.model = Model(records_max=None)
    recorder.hello()
    recorder.rows(list(range(1, 15_001)), published=15_000)

    assert recorder.records().column("index") == list(range(1, 15_001))


def test_what_was_published_and_never_came_is_missed(recorder):
    recorder.rows([1, 2], published=2)
    recorder.rows([3, 4, 5], published=5, heard=False)
    recorder.rows([6], published=6, dropped=7)

    records = recorder.records()
    assert (records.received, records.missed, records.dropped) == (3, 3, 7)


def test_who_comes_late_misses_what_is_not_kept_any_more(recorder):
    recorder.rows([98, 99], published=100, flags=tables.FLAG_KEYFRAME)
    recorder.rows([100], published=100, flags=tables.FLAG_KEYFRAME)

    assert (recorder.records().received, recorder.records().missed) == (3, 97)


def test_the_newest_records_are_kept(recorder):
    recorder.rows(list(range(1, 15_001)), published=15_000)

    records = recorder.records()
    assert (len(records.rows), records.rows[-1], records.received) == (
        10_000,
        (15_000, "r15000"),
        15_000,
    )


def test_numbers_that_lie_do_no_harm(recorder):
    recorder.rows([1], published=-5, last=2**63 - 1)
    recorder.rows([2], published=2, last=-(2**63))

    assert recorder.records().missed >= 0
    assert recorder.records().column("index") == [1, 2]


def test_a_session_without_numbers_counts_what_came():
    session, model = MadeUpSession(), Model()
    for message in (
        encode_hello(session.stamp(), session.facts, [DECLARED]),
        encode_rows(session.stamp(), [Block.of(DECLARED, [(1, "a")])]),
    ):
        model.fold(decode(message, [DECLARED]))

    records = model.snapshot().records["Record"]
    assert (records.published, records.received, records.missed) == (1, 1, 0)
