"""The JSON of a session's state, read back."""

from __future__ import annotations

import dataclasses
import json

import pytest
from support import hostile
from support.recordings import snapshot_of
from support.session import PROGRAM

from pikos.export import export
from pikos.export.json_file import read_json_file


def written(snapshot):
    return b"".join(export(snapshot, "json"))


def changed(change):
    """The JSON of a small program with something changed in it."""
    told = json.loads(written(snapshot_of(PROGRAM)))
    change(told)
    return json.dumps(told).encode()


def test_a_state_comes_back_whole(snapshot):
    assert read_json_file(written(snapshot)) == snapshot


def test_hostile_names_come_back_as_they_are(hostile_snapshot):
    assert read_json_file(written(hostile_snapshot)) == hostile_snapshot


def test_what_only_a_viewer_knows_is_left_out(snapshot):
    heard = dataclasses.replace(snapshot, heard_at=5.0)

    assert read_json_file(written(heard)) == snapshot


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Expecting value"),
        (b"[]", "no JSON of a pikos snapshot"),
        (b'{"format": "other"}', "no JSON of a pikos snapshot"),
        (b'{"format": "pikos snapshot", "version": 2}', "version 2"),
        (b"[" * 100_000, "nested too deep"),
        (b"\xff", "decode"),
        (changed(lambda told: told.pop("tables")), "its tables is no dict"),
        (changed(lambda told: told.update(dropped="1")), "its dropped is no int"),
        (changed(lambda told: told.update(dropped=True)), "its dropped is no int"),
        (changed(lambda told: told.update(stream="xy")), "non-hexadecimal"),
        (changed(lambda told: told.update(session={})), "other columns"),
        (changed(lambda told: told["hello"].update(clock=[])), "clock should be of type str"),
        (changed(lambda told: told["tables"].pop("stat")), "its stat is no dict"),
        (changed(lambda told: told["tables"]["stat"].update(columns=["a"])), "other columns"),
        (changed(lambda told: told["tables"]["stat"]["rows"].append([1])), "does not have 7"),
        (changed(lambda told: told["tables"]["stat"]["rows"].append(1)), "does not have 7"),
        (
            changed(lambda told: told["tables"]["stat"]["rows"].append([1, 2, 3, 4, 5, 1e99, 0])),
            "cumulative_ns of a row of its table stat is float",
        ),
        (
            changed(lambda told: told["tables"]["stat"]["rows"].append([1, 2, 3, 4, 5, 2**63, 0])),
            "cumulative_ns of a row of its table stat has more than 64 bits",
        ),
        (
            changed(lambda told: told["tables"]["function"]["rows"].append([9, 0, 1, 2, "", ""])),
            "name of a row of its table function is int",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_state_is_refused_with_the_reason(text, reason):
    with pytest.raises(ValueError, match=reason):
        read_json_file(text)


def test_the_file_can_be_shown_on_any_terminal(hostile_snapshot):
    assert all(map(hostile.is_harmless, written(hostile_snapshot).decode("ascii").split("\n")))


def test_a_state_without_the_newest_columns_is_still_read():
    def shorten(told):
        for name in ("context", "open_call"):
            table = told["tables"][name]
            table["columns"] = (
                table["columns"][:5] if name == "open_call" else table["columns"][:11]
            )
            table["rows"] = [row[: len(table["columns"])] for row in table["rows"]]
        for name in ("merged_contexts", "children", "events_taken"):
            del told["session"][name]

    state = read_json_file(changed(shorten))

    assert state.contexts[1].merged_ns == 0
    assert state.open_calls[0].calls == 1
