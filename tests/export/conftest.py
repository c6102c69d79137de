"""Sessions to export."""

from __future__ import annotations

import pytest
from support import hostile
from support.recordings import fold, snapshot_of
from support.runtime import runtime
from support.session import PROGRAM, MadeUpSession

from pikos.wire import codec, tables
from pikos.wire.messages import Block

__all__ = ["runtime"]


@pytest.fixture
def snapshot():
    """The small program of the tests."""
    return snapshot_of(PROGRAM)


@pytest.fixture(params=[name for name in hostile.NAMES if name != "empty"])
def hostile_snapshot(request):
    """A program in which every name is a malicious one."""
    text = hostile.NAMES[request.param]
    return snapshot_of(hostile.program(text), argv=[text], host=text)


@pytest.fixture
def records():
    """A recorder's session, of two types of records, of which a fixture's user takes the first."""
    lines = tables.Table(
        65,
        "LineRecord",
        "append",
        (),
        (
            tables.Column("index", "i64"),
            tables.Column("line", "str"),
            tables.Column("cost", "f64"),
        ),
    )
    session = MadeUpSession(publishes="records")
    hello = codec.encode_hello(session.stamp(), session.facts, [tables.RECORDING, lines])
    rows = codec.encode_rows(
        session.stamp(tables.FLAG_KEYFRAME | tables.FLAG_KEYFRAME_END),
        [
            Block.of(tables.RECORDING, [(65, 3, 3, 0, 0)]),
            Block.of(lines, [(0, "=1+1", 0.5), (1, 'a "b", c\nd', float("nan")), (2, "-x", 1.0)]),
        ],
    )
    return fold([codec.decode(hello), codec.decode(rows, [tables.RECORDING, lines])])
