"""A recording before a user's eye."""

from __future__ import annotations

import pytest
from support.recordings import Steps, record
from support.session import PROGRAM, MadeUpSession

from pikos.live.scene import Size
from pikos.live.state import ViewState
from pikos.live.viewer import Viewer
from pikos.live.watch import Watch
from pikos.recording import Replay


@pytest.fixture
def clock():
    return Steps()


@pytest.fixture
def viewer(tmp_path, clock):
    """A replay of a minute, at its pace, with a picture each second."""
    session = MadeUpSession()
    frames = session.keyframe(**PROGRAM)
    frames += [session.rows(stat=[(2, calls, 0, 0, 0, 0)]) for calls in range(1000, 1060)]
    path = record(tmp_path / "x", frames, interval_s=1.0)
    with Replay(path, speed=1.0, clock=clock, sleep=clock.sleep) as replay:
        yield Viewer(Watch(replay, "x", clock), ViewState())


def shown(viewer, clock, seconds):
    """What is to be seen after some time."""
    clock.sleep(seconds)
    viewer.watch.take_in(1.0)
    return "\n".join(line.text for line in viewer.picture(Size(24, 100)).lines)


def test_how_far_a_recording_is_told_is_in_sight(viewer, clock):
    """V15: and how long the recording is; at the end and where one stops it, too."""
    assert "replayed, 0:00:30 of 0:01:07" in shown(viewer, clock, 30.0)
    viewer.press("p")
    assert "paused, 0:00:30 of 0:01:07" in shown(viewer, clock, 0.0)


def test_keys_go_back_and_ahead(viewer, clock):
    here = shown(viewer, clock, 40.5)
    viewer.press("[")
    back = shown(viewer, clock, 0.0)
    viewer.press("]")
    viewer.press("]")
    ahead = shown(viewer, clock, 0.0)

    assert [text.split("replayed, ")[1][:7] for text in (here, back, ahead)] == [
        "0:00:40", "0:00:30", "0:00:50"
    ]  # fmt: skip
    assert "1,032" in here
    assert "1,022" in back
    assert "1,042" in ahead


def test_the_end_stays_before_the_eye_until_the_user_leaves(viewer, clock):
    end = shown(viewer, clock, 100.0)

    assert viewer.watch.over
    assert not viewer.over
    assert "1,059" in end
    viewer.press("q")
    assert viewer.over


def test_before_the_beginning_there_is_the_beginning(viewer, clock):
    shown(viewer, clock, 9.0)
    viewer.press("[")

    assert viewer.watch.scene().replayed_s == 0.0
    assert "replayed, 0:00:08" in shown(viewer, clock, 8.0)
