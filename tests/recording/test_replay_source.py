"""A recording as a source of messages."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
from support.deadlines import DEADLINE_S
from support.publisher import Publisher, until
from support.recordings import Steps, fold, record
from support.session import PROGRAM, MadeUpSession

from pikos.live import subscribe
from pikos.live.watch import Watch
from pikos.model import Model
from pikos.recording import RecordingWriter, Replay
from pikos.wire.messages import Bye, Rows


@pytest.fixture
def frames():
    """A keyframe, then one row in each tenth of a second, then a goodbye."""
    session = MadeUpSession()
    keyframe = session.keyframe(**PROGRAM)
    rows = [session.rows(stat=[(2, calls, 0, 0, 0, 0)]) for calls in range(100, 110)]
    return [*keyframe, *rows, session.bye("the end")]


@pytest.fixture
def path(tmp_path, frames):
    return record(tmp_path / "session.pikos", frames)


def calls(snapshot):
    return snapshot.stats[2].callcount


def test_a_replayed_session_ends_in_the_same_state_as_the_live_one(tmp_path):
    model = Model()
    with (
        Publisher() as publisher,
        subscribe(publisher.address, timeout=DEADLINE_S) as live,
        RecordingWriter(tmp_path / "x") as writer,
    ):
        live.tap = writer.write
        publisher.after(20, lambda: publisher.skip(3))
        publisher.after(30, lambda: publisher.say(b"noise"))
        publisher.after(40, lambda: publisher.bye("the end"))
        for message in live:
            model.fold(message)

    with Replay(tmp_path / "x") as replay:
        replayed = fold(replay)

    assert replayed == model.snapshot()
    assert replayed.ended == "the end"
    assert replayed.dropped == 3
    assert replay.dropped == live.dropped
    assert replay.damage == ""


def test_a_replay_ends_with_its_file_and_not_only_with_a_goodbye(tmp_path, frames):
    record(tmp_path / "x", frames[:-1])

    with Replay(tmp_path / "x") as replay:
        snapshot = fold(replay)

    assert replay.ended
    assert snapshot.ended is None
    assert calls(snapshot) == 109


def test_messages_come_when_they_came(path):
    clock = Steps(1000.0)
    with Replay(path, speed=1.0, clock=clock, sleep=clock.sleep) as replay:
        times_s = [clock() - 1000.0 for _ in replay]

    assert times_s == pytest.approx([0.1 * index for index in range(len(times_s))])


@pytest.mark.parametrize("speed", [0.25, 10.0])
def test_a_replay_may_be_slower_or_faster(path, speed):
    clock = Steps()
    with Replay(path, speed=speed, clock=clock, sleep=clock.sleep) as replay:
        count = sum(1 for _ in replay)

    assert clock() == pytest.approx(0.1 * (count - 1) / speed)


def test_a_replay_waits_no_longer_than_it_is_told(path):
    clock = Steps()
    with Replay(path, speed=0.01, clock=clock, sleep=clock.sleep) as replay:
        assert replay.receive(0.5) is not None
        assert replay.receive(0.5) is None

    assert clock() == pytest.approx(0.5)


def test_the_time_of_a_replay_is_that_of_the_recording(path):
    clock = Steps()
    with Replay(path, speed=2.0, clock=clock, sleep=clock.sleep) as replay:
        replay.receive()
        clock.now_s = 0.2

        assert replay.now() == pytest.approx(0.4)


def test_a_replay_may_begin_and_end_anywhere(path, frames):
    clock = Steps()
    begin_s = 0.1 * (len(frames) - 3) + 0.05
    with Replay(
        path, speed=1.0, begin_s=begin_s, end_s=begin_s + 0.1, clock=clock, sleep=clock.sleep
    ) as replay:
        messages = list(replay)

    assert len(messages) == len(frames) - 1
    assert clock() == pytest.approx(0.05)


def test_a_replay_can_go_back(path):
    with Replay(path) as replay:
        last = fold(replay)
        replay.seek(0.0)

        assert fold(replay) == last


def test_messages_that_break_a_limit_are_counted_and_passed_over(tmp_path, frames):
    record(tmp_path / "x", [frames[0], b"PKOS" + bytes(60), *frames[1:]])

    with Replay(tmp_path / "x") as replay:
        snapshot = fold(replay)

    assert replay.refused == 1
    assert "version 0" in str(replay.last_error)
    assert snapshot == fold_all(frames, tmp_path)


def fold_all(frames, tmp_path):
    with Replay(record(tmp_path / "sound", frames)) as replay:
        return fold(replay)


def test_hundreds_of_sessions_are_not_kept(tmp_path):
    frames = [MadeUpSession(index.to_bytes(16, "little")).hello() for index in range(300)]
    record(tmp_path / "x", frames)

    with Replay(tmp_path / "x") as replay:
        assert sum(1 for _ in replay) == 300
        assert len(replay._streams) == 64


def test_an_arrival_in_a_hundred_years_is_waited_for_in_small_steps(tmp_path, frames):
    with RecordingWriter(tmp_path / "x", iter([0, 0, 2**62]).__next__) as writer:
        writer.write(frames[0])
        writer.write(frames[1])
    naps = []

    with Replay(tmp_path / "x", speed=0.001, clock=Steps(), sleep=naps.append) as replay:
        replay.receive(0.0)
        replay.receive(0.5)

    assert naps == [0.5]


def test_a_watch_shows_a_recording_as_it_shows_a_program(path):
    with Replay(path) as replay:
        watch = Watch(replay, "it")
        watch.settle(0.0)
        scene = watch.scene()

    assert watch.over
    assert calls(scene.snapshot) == 109
    assert scene.snapshot.age_s(scene.now) == 0.0


def test_a_watch_goes_back_and_ahead_in_a_recording(path):
    clock = Steps()
    with Replay(path, speed=1.0, clock=clock, sleep=clock.sleep) as replay:
        watch = Watch(replay, "it", clock)
        watch.listen(1.25)
        before = watch.scene()

        assert watch.seek(-0.2)
        watch.take_in(1.0)
        back = watch.scene()
        watch.seek(60.0)
        watch.take_in(1.0)
        end = watch.scene()

    assert [calls(scene.snapshot) for scene in (before, back, end)] == [104, 102, 109]
    assert before.replayed_s == pytest.approx(1.25)
    assert back.replayed_s == pytest.approx(1.05)
    assert watch.over


def test_a_running_program_goes_neither_back_nor_ahead():
    with subscribe("tcp://127.0.0.1:9") as live:
        assert not Watch(live, "it").seek(-10)


def test_the_last_message_is_the_goodbye(path):
    with Replay(path, speed=math.inf) as replay:
        *_, last_rows, last = replay

    assert isinstance(last, Bye)
    assert isinstance(last_rows, Rows)


def test_what_is_recorded_is_what_was_news(tmp_path):
    with (
        Publisher() as publisher,
        subscribe(publisher.address, timeout=DEADLINE_S) as live,
        RecordingWriter(tmp_path / "x") as writer,
    ):
        live.tap = writer.write
        until(lambda: live.receive(0) is None and writer.messages > 10, "messages")
        publisher.say(publisher.session.hello()[:-1])
        until(lambda: live.receive(0) is None and live.refused, "a refused message")

    with Replay(tmp_path / "x") as replay:
        assert sum(1 for _ in replay) == writer.messages
        assert replay.refused == 0


def test_the_snapshot_tells_when_it_was_heard_by_the_recordings_clock(path):
    model = Model()
    with Replay(path) as replay:
        for message in replay:
            model.fold(message, replay.now())

    ended = model.snapshot()
    assert ended.heard_at == pytest.approx(0.1 * (ended.messages - 1))
    with Replay(path) as replay:
        assert dataclasses.replace(ended, heard_at=0.0) == fold(replay)


def test_a_viewer_first_sees_the_moment_where_a_replay_begins_however_long_that_takes(path, frames):
    clock = itertools.count(step=0.1)  # it looks less often than it would stop to listen
    begin_s = 0.1 * (len(frames) - 9) + 0.05

    with Replay(path, begin_s=begin_s, clock=Steps(), sleep=Steps().sleep) as replay:
        watch = Watch(replay, "it", lambda: next(clock))
        watch.listen(0.05)

        assert calls(watch.scene().snapshot) == 102


def test_the_length_of_a_recording_is_known_before_it_is_replayed(path):
    """V15: and where the replay is stays as it was."""
    with Replay(path) as replay:
        first = replay.receive()
        length_s = replay.length_s
        fold(replay)

        assert first is not None
        assert length_s == pytest.approx(replay.now()) == pytest.approx(1.8)
    with Replay(path, end_s=1.0) as part:
        assert part.length_s == pytest.approx(1.0)


@pytest.mark.parametrize("kept", [16, 20, 40, -1, -20])
def test_the_length_of_a_recording_that_is_cut_off_is_that_of_what_is_whole(path, kept):
    path.write_bytes(path.read_bytes()[:kept])

    with Replay(path) as replay:
        length_s = replay.length_s
        fold(replay)

        assert length_s == pytest.approx(replay.now())


def test_a_damaged_end_has_no_length(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 0xFF
    path.write_bytes(content)

    with Replay(path) as replay:
        assert replay.length_s is None
        assert Watch(replay, "x").scene().length_s is None
