"""A session as JSON."""

from __future__ import annotations

import json

import pytest
from support import hostile
from support.session import PROGRAM, MadeUpSession

from pikos.live.document import document
from pikos.live.scene import Scene
from pikos.live.state import ViewState
from pikos.model import Model, Snapshot
from pikos.wire.codec import decode


def scene_of(program=PROGRAM):
    model = Model()
    for message in MadeUpSession(argv=[hostile.SURROGATES]).keyframe(**program):
        model.fold(decode(message), 10.0)
    return Scene(model.snapshot(), now=10.1, refused=2)


def test_a_document_has_the_counts_of_every_function():
    told = json.loads(document(scene_of(), ViewState(sort="calls")))

    assert [function["calls"] for function in told["functions"]] == [10, 6, 0]
    work = told["functions"][0]
    assert work["qualified_name"] == "Worker.work"
    assert work["file"] == "/src/worker.py"
    assert (work["primitive_calls"], work["starts"], work["resumes"]) == (6, 10, 0)
    assert (work["self_ns"], work["cumulative_ns"]) == (3_003_000_000, 3_005_000_000)
    assert work["open_calls"] == 2
    assert (work["open_self_ns"], work["open_cumulative_ns"]) == (3_000_000_000, 3_000_000_000)
    assert work["calls_per_s"] is None


def test_a_document_tells_of_the_session():
    told = json.loads(document(scene_of(), ViewState()))

    assert told["hello"]["pid"] == 4242
    assert told["complete"]
    assert not told["stale"]
    assert (told["dropped"], told["refused"], told["ended"]) == (0, 2, None)
    assert told["session"]["rss_bytes"] == 50_000_000
    assert [call["name"] for call in told["open_calls"]] == ["main", "Worker.work", "Worker.work"]
    assert told["threads"][0]["name"] == "MainThread"


def test_a_document_is_limited_and_filtered():
    told = json.loads(document(scene_of(), ViewState(pattern="py:"), rows=1))

    assert told["functions_total"] == 2
    assert len(told["functions"]) == 1


@pytest.mark.parametrize("name", hostile.NAMES)
def test_a_document_is_one_line_of_ascii(name):
    text = document(scene_of(hostile.program(hostile.NAMES[name])), ViewState())

    assert hostile.is_harmless(text)
    assert text.isascii()
    assert json.loads(text)["functions"][0]["name"] == hostile.NAMES[name]


def test_nothing_heard_is_a_document_too():
    assert json.loads(document(Scene(Snapshot()), ViewState()))["functions"] == []
