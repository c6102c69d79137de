"""What a user does with a viewer, whatever draws it; and Textual, which does."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import get_args

import pytest
from support import hostile
from support.session import PROGRAM, MadeUpSession

from pikos.cli import screen
from pikos.errors import SessionNotFound
from pikos.export.json_file import json_file, read_json_file
from pikos.live import viewer as viewer_module
from pikos.live.plain import paint
from pikos.live.scene import Style
from pikos.live.sessions import Session
from pikos.live.silence import Silence
from pikos.live.tui import LOOKS, Screen
from pikos.live.view import Line, Picture, Size, ViewState
from pikos.live.viewer import Viewer
from pikos.live.watch import Watch
from pikos.wire.codec import decode

SCREEN = Size(24, 100)


class Script:
    """A source that says what it is told to."""

    def __init__(self, *messages):
        self.live, self.refused, self.last_error, self.disconnects = True, 0, None, 0
        self.ended = self.unanswered = False
        self.queue = list(messages)

    def now(self):
        return 10.0

    def receive(self, timeout_s=None):
        return decode(self.queue.pop(0)) if self.queue else None

    def close(self):
        pass


@pytest.fixture
def session():
    return MadeUpSession()


@pytest.fixture
def script(session):
    return Script(*session.keyframe(**PROGRAM))


@pytest.fixture
def viewer(script):
    made = Viewer(Watch(script, "4242"), ViewState())
    made.watch.take_in(1.0)
    return made


def shown(viewer, size=SCREEN):
    return "\n".join(line.text for line in viewer.picture(size).lines)


def press(viewer, *keys):
    for key in keys:
        viewer.picture(SCREEN)
        viewer.press(key)


def test_a_pause_keeps_the_picture_while_data_go_on(viewer, script, session):
    press(viewer, "p")
    script.queue += [session.rows(stat=[(2, 999, 0, 0, 1, 1)])]
    viewer.watch.take_in(1.0)

    paused = shown(viewer)
    press(viewer, "p")

    assert "999" not in paused
    assert "paused" in paused
    assert "999" in shown(viewer)


def test_counting_from_now_on_and_from_the_beginning_again(viewer, script, session):
    press(viewer, "r")
    script.queue += [session.rows(stat=[(2, 999, 4, 0, 3_000_000, 5_000_000)])]
    viewer.watch.take_in(1.0)

    since = shown(viewer)
    press(viewer, "R")

    assert " 989 " in since
    assert "counted since" in since
    assert " 999 " in shown(viewer)


def test_counting_from_now_on_ends_when_the_program_counts_anew(viewer, script, session):
    press(viewer, "r")
    session.epoch = 1
    script.queue += session.keyframe(**PROGRAM)
    viewer.watch.take_in(1.0)

    assert "counted since" not in shown(viewer)
    assert " 10 " in shown(viewer)


def test_what_is_known_is_written_and_that_is_told(script):
    written = []
    viewer = Viewer(
        Watch(script, ""), ViewState(), save=lambda told: written.append(told) or "x.json"
    )

    press(viewer, "w")

    assert "written: x.json" in shown(viewer)
    assert len(written) == 1
    press(viewer, "down")
    assert "written" not in shown(viewer)


def test_what_cannot_be_written_is_told(script):
    def fail(snapshot):
        raise OSError(28, "No space left on device")

    viewer = Viewer(Watch(script, ""), ViewState(), save=fail)
    press(viewer, "w")

    assert "not written: [Errno 28] No space left on device" in shown(viewer)


def test_the_user_turns_to_another_process_and_back(script, session, monkeypatch):
    sessions = [Session(pid, f"ipc:///run/{pid}", ("app.py",), 0, "") for pid in (7, 8)]
    monkeypatch.setattr(viewer_module, "list_sessions", lambda: tuple(sessions))
    other = MadeUpSession(bytes(15) + b"2", argv=["other.py"])
    asked = []

    def turn_to(address):
        asked.append(address)
        return Watch(Script(*other.keyframe(**PROGRAM)), address)

    viewer = Viewer(Watch(script, ""), ViewState(), turn_to=turn_to)
    press(viewer, "P", "down", "down", "enter")
    viewer.watch.take_in(1.0)

    assert asked == ["ipc:///run/8"]
    assert "other.py" in shown(viewer)
    assert "Worker.work (worker.py:9)" in shown(viewer)


def test_a_process_that_is_gone_meanwhile_is_told(script, monkeypatch):
    monkeypatch.setattr(
        viewer_module, "list_sessions", lambda: (Session(7, "ipc:///x", (), 0, ""),)
    )

    def turn_to(address):
        raise SessionNotFound(address, "it is gone")

    viewer = Viewer(Watch(script, ""), ViewState(panel="processes"), turn_to=turn_to)
    press(viewer, "enter")

    assert "it is gone" in shown(viewer)


def test_where_there_is_no_other_to_turn_to_that_is_told(script, monkeypatch):
    monkeypatch.setattr(
        viewer_module, "list_sessions", lambda: (Session(7, "ipc:///x", (), 0, ""),)
    )
    viewer = Viewer(Watch(script, ""), ViewState(panel="processes"))

    press(viewer, "enter")

    assert "another pikos top" in shown(viewer)


def test_the_source_below_the_given_directories_is_shown(tmp_path, session):
    (tmp_path / "app.py").write_text("\n\ndef main():\n    '''\x1b[31m'''\n")
    functions = [(1, 0, 3, "main", "main", str(tmp_path / "app.py"))]
    script = Script(*session.keyframe(**{**PROGRAM, "function": functions, "stat": []}))
    viewer = Viewer(Watch(script, ""), ViewState(sort="cumulative"), roots=[str(tmp_path)])
    viewer.watch.take_in(1.0)

    press(viewer, "l")

    assert "def main():" in shown(viewer)
    assert "\\x1b[31m" in shown(viewer)


def test_all_sessions_together_are_one(session):
    other = MadeUpSession(bytes(15) + b"2", pid=5)
    state = {**PROGRAM, "function": [(n + 40, *PROGRAM["function"][n][1:]) for n in range(3)]}
    state["stat"] = [(41, 100, 0, 0, 7, 7)]
    state["edge"] = state["context"] = state["open_call"] = []
    script = Script(*session.keyframe(**PROGRAM), *other.keyframe(**state))
    viewer = Viewer(Watch(script, "all", merged=True), ViewState())
    viewer.watch.take_in(1.0)

    lines = shown(viewer).splitlines()

    row = next(line for line in lines if "Worker.work (" in line)
    assert row.split()[0] == "110"
    assert "4242: app.py 5: app.py" in lines[0]
    assert "▏" in shown(Viewer(viewer.watch, ViewState(panel="flame graph")))
    merged = viewer.scene().snapshot
    assert read_json_file("".join(json_file(merged)).encode()).stats == merged.stats


def test_nobody_is_watched_before_one_is_chosen(monkeypatch):
    monkeypatch.setattr(
        viewer_module, "list_sessions", lambda: (Session(7, "ipc:///x", (), 0, ""),)
    )
    viewer = Viewer(Watch(Silence(), "choose a process"), ViewState(panel="processes"))

    viewer.watch.take_in(1.0)

    assert "choose a process" in shown(viewer)
    assert not viewer.over


def test_plain_pictures_have_no_escape_sequences_but_our_own():
    lines = [Line("a", "heading"), Line("b", "graph"), Line("▏")]

    told = paint(Picture(lines), "ascii")

    assert told == "\x1b[H\x1b[7ma\x1b[m\x1b[K\r\nb\x1b[K\r\n?\x1b[K\x1b[J"


def on_textual(viewer, act, size=(100, 24)):
    """Let the viewer be shown by Textual without a terminal; what is on its screen at the end."""

    async def run():
        app = Screen(viewer, 0.01)
        async with app.run_test(size=size) as pilot:
            await act(pilot)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            return app, ["".join(segment.text for segment in strip) for strip in strips]

    return asyncio.run(run())


def test_textual_shows_the_picture_of_the_view(viewer):
    async def nothing(pilot):
        await pilot.pause()

    lines = on_textual(viewer, nothing)[1]

    assert [line.rstrip() for line in lines] == [
        line.rstrip() for line in shown(viewer).split("\n")
    ]


def test_keys_reach_the_view(viewer):
    async def act(pilot):
        await pilot.pause()
        await pilot.press("slash", *"sleep", "enter", "4", "down", "tab", "question_mark")

    on_textual(viewer, act)

    assert viewer.state.pattern == "sleep"
    assert viewer.state.sort == "cumulative"
    assert viewer.state.panel == "help"


def test_the_mouse_sorts_chooses_and_looks_closer(viewer):
    async def act(pilot):
        await pilot.pause()
        picture = viewer.picture(SCREEN).lines
        heading = next(y for y, line in enumerate(picture) if "cumulative" in line.text)
        await pilot.click(offset=(picture[heading].text.index("cumulative"), heading))
        await pilot.click(offset=(70, heading + 2))
        await pilot.click(offset=(70, heading + 2))

    on_textual(viewer, act)

    assert viewer.state.sort == "cumulative"
    assert viewer.state.panel == "function"
    assert viewer.state.function


def test_q_leaves_textual(viewer):
    async def act(pilot):
        await pilot.press("q")

    assert on_textual(viewer, act)[0].return_value == 0


@pytest.mark.parametrize("size", [(80, 24), (10, 3), (300, 80)])
def test_textual_fits_any_terminal(viewer, size):
    async def act(pilot):
        await pilot.pause()

    lines = on_textual(viewer, act, size)[1]

    assert len(lines) == size[1]


def test_hostile_names_are_text_to_textual(session):
    names = hostile.NAMES.items()
    text = "".join(text for name, text in names if name not in {"long", "wide", "accents"})
    script = Script(*session.keyframe(**hostile.program(text)))
    viewer = Viewer(Watch(script, ""), ViewState())
    viewer.watch.take_in(1.0)

    async def act(pilot):
        for key in "fgotm":
            await pilot.press(key)
            await pilot.pause()

    lines = on_textual(viewer, act)[1]

    assert all(map(hostile.is_harmless, lines))


def test_every_style_has_a_look():
    assert set(get_args(Style)) == set(LOOKS)


def test_a_written_snapshot_is_new_and_for_its_owner_alone(viewer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    snapshot = viewer.scene().snapshot

    name = screen._save(snapshot)

    read = read_json_file(Path(name).read_bytes())
    assert (read.stats, read.contexts) == (snapshot.stats, snapshot.contexts)
    assert name.startswith("pikos-4242-")
    assert os.stat(name).st_mode & 0o777 == 0o600
    monkeypatch.setattr("time.strftime", lambda form: name.removesuffix(".json")[-15:])
    with pytest.raises(FileExistsError):
        screen._save(snapshot)
