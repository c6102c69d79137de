"""JSON in pieces is what ``json.dumps`` would make of lists."""

from __future__ import annotations

import json

import pytest

from pikos.export.json_pieces import VALUES, json_pieces


@pytest.mark.parametrize("count", [0, 1, VALUES, VALUES + 1])
def test_an_iterator_becomes_a_list(count):
    value = {"a": 1, "many": iter(range(count)), "in": {"more": ([n] for n in range(count))}}

    told = json.loads("".join(json_pieces(value)))

    assert told == {"a": 1, "many": [*range(count)], "in": {"more": [[n] for n in range(count)]}}


def test_no_piece_holds_more_values_than_are_encoded_together():
    pieces = list(json_pieces(iter(range(10 * VALUES))))

    assert max(piece.count(",") for piece in pieces) <= VALUES


def test_whatever_json_takes_is_encoded():
    for value in ({}, [], None, "a\ud800", {"a": [1, {"b": None}]}):
        assert "".join(json_pieces(value)) == json.dumps(value)
