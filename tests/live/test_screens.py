"""Each panel as it looks at 80 by 24, kept as text in ``screens``: a change is to be looked at.

``python tests/live/test_screens.py`` writes them anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from support.session import PROGRAM, MadeUpSession

from pikos.live.history import Reading
from pikos.live.sessions import Session
from pikos.live.source_text import SourceText
from pikos.live.state import Panel
from pikos.live.view import Scene, Size, ViewState, draw
from pikos.model import Model, Records
from pikos.wire.codec import decode

SCREENS = Path(__file__).parent / "screens"
OF_RECORDS = {"records": "functions", "lines": "first"}
PANELS = (*(panel for panel in get_args(Panel) if panel != "first"), *OF_RECORDS)


def scene():
    model = Model()
    for message in MadeUpSession().keyframe(**PROGRAM):
        model.fold(decode(message), 10.0)
    return Scene(
        model.snapshot(),
        now=10.1,
        target="ipc:///run/4242",
        memory=tuple(Reading(at * 10**9, at * at << 20, 1 << 30) for at in range(60)),
        sessions=(
            Session(4242, "ipc:///run/4242", ("app.py",), 10**9, ""),
            Session(4243, "ipc:///run/4243", ("worker.py", "--all"), 60 * 10**9, ""),
        ),
        unix_now=3_600.0,
        source=SourceText("/src/worker.py", tuple(f"line {n}" for n in range(1, 40)), ""),
        output=("reading", "writing", "done"),
    )


def records():
    told = Records(
        ("index", "function", "lineNo", "RSS", "line", "filename"),
        tuple((n, "work", 9 + n % 3, (50 + n) << 20, "    x = 1", "/src/a.py") for n in range(40)),
        40,
        45,
        2,
        0,
        10.0,
    )
    whole = scene()
    facts = {**whole.snapshot.facts, "publishes": "records"}
    snapshot = replace(whole.snapshot, facts=facts, records={"LineMemoryRecord": told})
    source = SourceText("/src/a.py", tuple(f"line {n}" for n in range(1, 40)), "")
    return replace(whole, snapshot=snapshot, source=source)


def picture(panel):
    shown = records() if panel in OF_RECORDS else scene()
    state = ViewState(panel=OF_RECORDS.get(panel, panel), function=2, row=1, node=(1, 2))
    return "".join(f"{line.text.rstrip()}\n" for line in draw(shown, state, Size(24, 80)).lines)


def file_of(panel):
    return SCREENS / f"{panel.replace(' ', '-')}.txt"


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_looks_as_it_did(panel):
    assert picture(panel) == file_of(panel).read_text(encoding="utf-8")


if __name__ == "__main__":
    for name in PANELS:
        file_of(name).write_text(picture(name), encoding="utf-8")
