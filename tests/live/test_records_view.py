"""What is drawn of records, and written of them as text and JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from support import hostile

from pikos.live.document import document
from pikos.live.text import width_of
from pikos.live.view import Scene, Size, ViewState, draw, report
from pikos.model import Model, Records

SCREEN = Size(24, 120)
MEMORY = Records(
    fields=("index", "function", "RSS", "VMS", "lineNo", "filename"),
    rows=tuple(
        (index, f"work_{index}", 50 << 20, 1 << 30, 7, "/src/app.py") for index in range(100)
    ),
    received=100,
    published=140,
    dropped=5,
    misfits=2,
    heard_at=10.0,
)
LINES = Records(("index", "line"), ((1, "    x = 1"),), 1, 1, 0, 0, 9.0)


def scene_of(**records):
    facts = {"publishes": "records", "pid": 4242, "argv": ["app.py"]}
    snapshot = replace(
        Model().snapshot(), stream=bytes(16), facts=facts, records=records, complete=True
    )
    return Scene(snapshot, now=10.1, target="4242")


def shown(scene, state=ViewState(), size=SCREEN):  # noqa: B008  # frozen
    return [line.text for line in draw(scene, state, size).lines]


def test_the_newest_records_are_shown_with_their_fields_and_sizes():
    """S65: a live table of the newest records."""
    lines = shown(scene_of(FunctionMemoryRecord=MEMORY))

    titles = next(line for line in lines if line.split()[:2] == ["index", "function"])
    assert titles.split() == list(MEMORY.fields)
    newest = next(line for line in lines if "work_99" in line)
    assert newest.split() == ["99", "work_99", "50.0", "MiB", "1.0", "GiB", "7", "/src/app.py"]
    assert not any("work_50 " in line for line in lines)


def test_what_is_not_there_is_always_told():
    screen = "\n".join(shown(scene_of(FunctionMemoryRecord=MEMORY)))

    for fact in (
        "process 4242: app.py",
        "140 records",
        "1 type",
        "5 records came too fast",
        "40 not received",
        "2 values changed",
        "RSS 50.0 MiB · VMS 1.0 GiB",
    ):
        assert fact in screen


def test_each_type_has_its_table():
    screen = "\n".join(shown(scene_of(FunctionMemoryRecord=MEMORY, LineRecord=LINES)))

    assert "FunctionMemoryRecord: 140 records" in screen
    assert "LineRecord: 1 record" in screen
    assert "work_99" in screen
    assert "    x = 1" in screen


def test_scrolling_leads_to_older_records():
    lines = shown(scene_of(M=MEMORY), ViewState(row=50))
    far = shown(scene_of(M=MEMORY), ViewState(row=10_000))

    assert any("work_49 " in line for line in lines)
    assert not any("work_50 " in line for line in lines)
    assert any("work_0 " in line for line in far)


def test_a_filter_chooses_records():
    lines = shown(scene_of(M=MEMORY), ViewState(pattern="re:work_1.$"))

    assert sum("work_" in line for line in lines) == 10 + 1  # the title names the filter


def test_a_filter_that_makes_no_sense_is_told():
    assert any(
        "makes no sense" in line for line in shown(scene_of(M=MEMORY), ViewState(pattern="re:("))
    )


def test_the_help_is_there_for_records_too():
    assert any("this help" in line for line in shown(scene_of(M=MEMORY), ViewState(panel="help")))


def test_nothing_recorded_yet_is_said():
    assert any("no record yet" in line for line in shown(scene_of()))


def test_a_type_without_records_shows_its_fields():
    empty = replace(LINES, rows=(), received=0, published=0)

    assert any(line.split() == ["index", "line"] for line in shown(scene_of(L=empty)))


@pytest.mark.parametrize("size", [Size(0, 0), Size(1, 1), Size(5, 20), Size(8, 10), Size(60, 300)])
@pytest.mark.parametrize("panel", ["functions", "help"])
def test_any_screen_is_filled_and_never_more(size, panel):
    scene = scene_of(A=MEMORY, B=LINES, C=MEMORY)

    lines = shown(scene, ViewState(panel=panel), size)

    assert len(lines) == size.lines
    assert all(width_of(line) <= size.columns for line in lines)


@pytest.mark.parametrize("name", hostile.NAMES.values(), ids=hostile.NAMES)
def test_records_of_a_stranger_are_harmless(name):
    told = Records((name, "b"), ((name, name), (name, 1)), 2, 2, 0, 0, 1.0)
    scene = scene_of(**{name: told})

    for line in (*shown(scene), *report(scene, ViewState(pattern=name), rows=5, width=80)):
        assert hostile.is_harmless(line)
    assert document(scene, ViewState()).isascii()


def test_the_report_has_so_many_records_of_each_type():
    text = "\n".join(report(scene_of(M=MEMORY, L=LINES), ViewState(), rows=3, width=120))

    assert [n for n in range(100) if f" work_{n} " in text] == [97, 98, 99]
    assert "x = 1" in text


def test_the_document_has_all_records_by_field():
    odd = Records(("index", "own"), ((1, math.nan), (2, 0.5)), 2, 2, 0, 1, 1.0)

    whole = json.loads(document(scene_of(M=MEMORY, Odd=odd), ViewState()))["records"]
    part = json.loads(document(scene_of(M=MEMORY), ViewState(), 2))["records"]

    assert len(whole["M"]["rows"]) == 100
    assert whole["M"]["rows"][0]["function"] == "work_0"
    assert (whole["M"]["dropped"], whole["M"]["missed"]) == (5, 40)
    assert whole["Odd"]["rows"] == [{"index": 1, "own": None}, {"index": 2, "own": 0.5}]
    assert [row["index"] for row in part["M"]["rows"]] == [98, 99]


def test_rates_come_from_an_earlier_state():
    scene = scene_of(M=MEMORY)
    before = replace(scene.snapshot, records={"M": replace(MEMORY, published=40)})
    later = replace(scene.snapshot, time_ns=2_000_000_000)

    assert any(
        "140 records, 50/s" in line
        for line in shown(replace(scene, snapshot=later, baseline=before))
    )


def test_a_long_text_makes_room_for_the_fields_after_it():
    rows = ((1, "x" * 70, "/a.py"),)
    scene = scene_of(L=Records(("index", "line", "filename"), rows, 1, 1, 0, 0, 1.0))

    lines = shown(scene, size=Size(24, 60))

    assert any(line.rstrip().endswith("…  /a.py") for line in lines)
