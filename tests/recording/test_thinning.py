"""A recording has a bound: what is old is thinned, the newest and the last state stay (R9)."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from support.recordings import Steps, fold
from support.session import MadeUpSession

from pikos.cli.main import main
from pikos.cli.options import size_in_bytes
from pikos.recording import RecordingReader, RecordingWriter, Replay
from pikos.recording.container import FLAG_KEYFRAME, FLAG_KEYFRAME_BEGIN, HEADER_SIZE
from pikos.recording.thinning import Written, moved, thinned

MAX_BYTES = 200_000
FUNCTIONS = 300
MINUTES = 3


class Busy:
    """A program whose functions are all called in each tenth of a second."""

    def __init__(self):
        self.session = MadeUpSession()
        self.random = random.Random(17)
        self.counts = {function: [0, 0] for function in range(1, FUNCTIONS + 1)}

    def state(self):
        functions = [(number, 0, 1, f"f{number}", f"f{number}", "a.py") for number in self.counts]
        return self.session.keyframe(function=functions, stat=self.stat())

    def stat(self):
        return [(one, calls, 0, 0, ns, ns) for one, (calls, ns) in self.counts.items()]

    def step(self):
        for counts in self.counts.values():
            counts[0] += 1
            counts[1] += self.random.randrange(20_000, 90_000)
        return self.session.rows(stat=self.stat())


def record_busy(path, max_bytes=MAX_BYTES, steps=MINUTES * 600, seen=None):
    """Record a busy program, which sends its whole state when it is asked to; its last counts."""
    program, clock, asked = Busy(), Steps(), [True]
    with RecordingWriter(path, clock.ns, max_bytes=max_bytes) as writer:
        writer.ask = lambda: asked.append(True)
        for _ in range(steps):
            while asked:
                asked.pop()
                for frame in program.state():
                    writer.write(frame)
            writer.write(program.step())
            if seen is not None:
                seen.append(path.stat().st_size)
            clock.sleep(0.1)
        last = dict(program.counts)
        writer.write(program.session.bye("the end"))
    assert writer.failure is None
    return last


def test_a_recording_stays_within_its_bound_and_has_the_newest_and_the_last_state(tmp_path):
    path, seen = tmp_path / "x", []

    last = record_busy(path, seen=seen)

    assert max(seen) <= MAX_BYTES + 20_000  # the block that passed it
    assert any(after < before for before, after in pairwise(seen))  # it was thinned
    with Replay(path) as replay:
        snapshot = fold(replay)
        assert replay.damage == ""
    assert {one: [row.callcount, row.inline_ns] for one, row in snapshot.stats.items()} == last
    assert snapshot.ended == "the end"
    assert snapshot.complete
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_what_is_old_is_still_there_now_and_then(tmp_path):
    record_busy(tmp_path / "x")

    with RecordingReader(tmp_path / "x") as reader:
        arrivals_s = [entry.arrival_ns / 1e9 for entry in reader.entries()]

    quarters = [
        sum(arrival // (MINUTES * 15) == part for arrival in arrivals_s) for part in range(4)
    ]
    assert arrivals_s == sorted(arrivals_s)
    assert quarters[0] > 0
    assert quarters[3] > 2 * quarters[0]


def test_a_thinned_recording_is_valid_wherever_it_is_cut_off(tmp_path):
    record_busy(tmp_path / "x", max_bytes=60_000, steps=200)
    content, cut = (tmp_path / "x").read_bytes(), tmp_path / "cut"

    for size in [*range(HEADER_SIZE, 400), *range(400, len(content), 97)]:
        cut.write_bytes(content[:size])
        with Replay(cut) as replay:
            fold(replay)
            assert not replay.damage or "cut off" in replay.damage


def test_a_thinned_recording_is_replayed_exported_and_compared(tmp_path, capsys):
    path = str(tmp_path / "x.pikos")
    record_busy(tmp_path / "x.pikos")

    for verb in (
        ["replay", path, "--once"],
        ["export", path, "-f", "json", "-o", str(tmp_path / "x.json")],
        ["export", path, "-f", "pstats", "-o", str(tmp_path / "x.pstats")],
        ["diff", path, str(tmp_path / "x.json")],
    ):
        assert main(verb) == 0
    assert "ended: the end" in capsys.readouterr().out


def test_without_a_whole_state_nothing_is_thinned(tmp_path):
    """A state that is larger than the bound is kept: the last state is worth more."""
    program = Busy()
    with RecordingWriter(tmp_path / "x", max_bytes=2000) as writer:
        for frame in [*program.state(), program.step(), program.session.bye("the end")]:
            writer.write(frame)
    with Replay(tmp_path / "x") as replay:
        assert fold(replay).stats[1].callcount == 1


def test_keyframes_of_what_is_old_are_the_further_apart_the_older_they_are():
    blocks = []
    for round_number in range(40):
        at = round_number * 10
        blocks.append(Written(at, 100, FLAG_KEYFRAME | FLAG_KEYFRAME_BEGIN))
        blocks += [Written(at + index, 100, 0) for index in range(1, 10)]
        if sum(block.size for block in blocks) > 8000:
            blocks = thinned(blocks, 4000)

    rounds = [block.offset // 10 for block in blocks if block.flags]
    gaps = [after - before for before, after in pairwise(rounds)]
    assert rounds[0] == 0
    assert gaps[0] > gaps[-1] == 1
    assert [block.offset for block in moved(blocks)][:2] == [HEADER_SIZE, HEADER_SIZE + 100]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1M", 1 << 20),
        ("2g", 2 << 30),
        ("1048576", 1 << 20),
        ("1GiB", 1 << 30),
        ("2048KB", 2 << 20),
    ],
)
def test_a_size_may_have_a_unit(text, size):
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "M", "1.5G", "-1G", "1023K", "1T", "x"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="not a size, at least 1M"):
        size_in_bytes(text)


def test_a_bound_that_is_no_size_is_refused_with_2(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["record", "tcp://127.0.0.1:9", "-o", "x", "--record-max", "little"])

    assert caught.value.code == 2
    assert "'little' is not a size" in capsys.readouterr().err
