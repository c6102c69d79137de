"""The JSON of a hello, honest and hostile."""

from __future__ import annotations

import json

import pytest

from pikos.errors import WireError
from pikos.wire import tables
from pikos.wire.hello import hello_json, read_hello

GOOD_TABLE = {
    "id": 99,
    "name": "extra",
    "mode": "upsert",
    "key": ["id"],
    "columns": [["id", "i64"], ["text", "str"]],
}


def declared(**changes):
    return json.dumps({"tables": [{**GOOD_TABLE, **changes}]}).encode()


def test_what_is_written_is_what_is_read():
    facts = {"pid": 1, "argv": ["a", "b\n"], "threads": True, "newer": {"x": [1.5, None]}}

    told, declared_tables = read_hello(hello_json(facts))

    assert told == facts
    assert declared_tables == tables.TABLES


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not the JSON"),
        (b"\xff", "not the JSON"),
        (b"[]", "an object"),
        (b"{}", "list of at most 64"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 40_000, "nested too deeply"),
        (b'{"pid": ' + b"9" * 5000 + b"}", "64 bits"),
        (b'{"pid": 9223372036854775808}', "64 bits"),
        (b'{"x": NaN}', "not finite"),
        (b'{"x": -Infinity}', "not finite"),
        (b'{"x": 1e999}', "not finite"),
        (b'{"pid": 1, "pid": 2}', "twice"),
        (b'{"x": {"y": 1, "y": 2}}', "twice"),
        (b'{"pid": "1"}', "pid should be of type int"),
        (b'{"pid": true}', "pid should be of type int"),
        (b'{"threads": 1}', "threads should be of type bool"),
        (b'{"argv": [1]}', "list of strings"),
        (b" " * (tables.JSON_MAX + 1), str(tables.JSON_MAX)),
        (json.dumps({"tables": [GOOD_TABLE] * 2}).encode(), "one id or one name"),
        (json.dumps({"tables": [{**GOOD_TABLE, "id": n} for n in range(9, 99)]}).encode(), "64"),
        (b'{"tables": [1]}', "a table has"),
        (declared(id=0), "a table has"),
        (declared(id=True), "a table has"),
        (declared(id=2**32), "a table has"),
        (declared(mode="sideways"), "a table has"),
        (declared(key=["other"]), "does not fit"),
        (declared(key=[["id"]]), "does not fit"),
        (declared(key=[]), "does not fit"),
        (declared(mode="append"), "does not fit"),
        (declared(columns=[]), "1 to 64 columns"),
        (declared(columns=[["id", "i64"]] * 65), "1 to 64 columns"),
        (declared(columns=[["id", "i64"]] * 2), "two columns of one name"),
        (declared(columns=[["id", "i32"]]), "a name and a type"),
        (declared(columns=[["id"]]), "a name and a type"),
        (declared(name="stat"), "not what this version knows"),
        (declared(id=2), "not what this version knows"),
        (declared(id=1, name="function", columns=[["id", "str"]]), "not what this version knows"),
    ],
)
def test_a_hello_that_is_none_is_refused(body, reason):
    with pytest.raises(WireError, match=reason) as caught:
        read_hello(body)

    assert caught.value.offset >= tables.ENVELOPE_SIZE


def test_the_place_of_the_fault_is_told():
    with pytest.raises(WireError) as caught:
        read_hello(b'{"pid": 1, oops}')

    assert caught.value.offset == tables.ENVELOPE_SIZE + 11


def test_a_known_table_may_have_gained_and_lost_columns():
    body = declared(id=1, name="function", columns=[["id", "i64"], ["colour", "str"]])

    (table,) = read_hello(body)[1]

    assert [column.name for column in table.columns] == ["id", "colour"]


def test_a_command_line_of_any_length_fits():
    facts = {"argv": ["python", "-c", "\U0001f600" * 10_000_000, *["x" * 100] * 100_000]}

    body = hello_json(facts)

    told = read_hello(body)[0]["argv"]
    assert told[:2] == ["python", "-c"]
    assert len(told) > 10
    assert len(body) <= tables.JSON_MAX


def test_facts_that_do_not_fit_are_refused():
    with pytest.raises(WireError, match=str(tables.JSON_MAX)):
        hello_json({str(number): "x" * 4000 for number in range(100)})


def test_a_name_that_is_no_text_is_told_as_an_escape():
    told = read_hello(hello_json({"argv": ["\udcff"]}))[0]

    assert told["argv"] == ["\\udcff"]
