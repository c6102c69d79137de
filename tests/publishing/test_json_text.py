"""JSON without the json package: any reader of JSON reads what was meant."""

from __future__ import annotations

import json

from hypothesis import given, strategies as st

from pikos import _lsprof
from pikos.publishing.hello import facts_of_process
from pikos.publishing.json_text import json_text
from pikos.real_time.hello import hello_of_profiler
from pikos.wire.hello import hello_json, read_hello
from pikos.wire.tables import TABLES

TEXTS = st.text(st.characters(exclude_categories=()))  # lone surrogates, too: names of files
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)
OPTIONS = {"clock": "cpu", "interval_s": 0.1, "threads": True, "builtins": False}


@given(VALUES)
def test_what_is_read_is_what_was_written(value):
    text = json_text(value)

    assert json.loads(text) == value
    assert text.isascii()
    assert text.isprintable()


def test_the_hello_of_a_profiler_is_the_one_that_the_wire_writes():
    facts, text = hello_of_profiler(_lsprof, **OPTIONS, started_unix_ns=17)

    assert facts.items() >= facts_of_process(interval_s=0.1, started_unix_ns=17).items()
    assert json.loads(text) == json.loads(hello_json(facts))
    assert read_hello(text) == (facts, TABLES)


def test_a_long_command_line_is_cut_as_the_wire_cuts_it(monkeypatch):
    monkeypatch.setattr("sys.argv", ["ä" * 5000, *["word"] * 100_000])

    facts, text = hello_of_profiler(_lsprof, **OPTIONS, started_unix_ns=17)

    assert 1 < len(facts["argv"]) < 10_000
    assert read_hello(text)[0] == json.loads(json.dumps(facts))
