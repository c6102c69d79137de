"""The program takes the profiler's events away: what was counted is kept, and the rest is told."""

from __future__ import annotations

import cProfile
import faulthandler
import gc
import pstats
import sys
import threading

import pytest
from support.published import published

from pikos.real_time import Profile
from pikos.real_time.profile import EVENTS_TAKEN

HAS_MONITORING = hasattr(sys, "monitoring")


def own_id():
    return next(ident for ident in range(6) if sys.monitoring.get_tool(ident) == "pikos")


def by_set():
    sys.setprofile(lambda *_: None)


def by_none():
    sys.setprofile(None)


def by_cprofile():
    other = cProfile.Profile()
    other.enable()
    other.disable()


def by_a_thread():
    thread = threading.Thread(target=by_none)
    thread.start()
    thread.join()


def by_events():
    sys.monitoring.set_events(own_id(), 0)


def by_another_tool():
    ident = own_id()
    sys.monitoring.free_tool_id(ident)
    sys.monitoring.use_tool_id(ident, "of this test")


BY_THE_FUNCTION = [by_set, by_none, by_cprofile, by_a_thread]
TAKING = [by_events, by_another_tool] if HAS_MONITORING else BY_THE_FUNCTION
LEAVING = BY_THE_FUNCTION if HAS_MONITORING else []


@pytest.fixture(autouse=True)
def put_back():
    """Leave no hook of a test behind."""
    before = sys.getprofile()
    yield
    sys.setprofile(before)
    if HAS_MONITORING:
        for ident in range(6):
            if sys.monitoring.get_tool(ident) == "of this test":
                sys.monitoring.set_events(ident, 0)
                sys.monitoring.free_tool_id(ident)


def counted(profile):
    profile.create_stats()
    return {name for _, _, name in profile.stats}


def before():
    pass


@pytest.mark.parametrize("take", TAKING)
def test_it_is_known_at_once_and_what_was_counted_is_kept(take):
    """P6."""
    with Profile(threads=True) as profile:
        before()
        known = profile.events_taken
        take()
        known_then = profile.events_taken

    assert (known, known_then, profile.events_taken) == (False, True, True)
    assert "before" in counted(profile)
    profile.clear()
    assert not profile.events_taken


def nothing():
    pass


def refused():
    with pytest.raises(TypeError):
        sys.setprofile()


def namesakes():
    enabled = faulthandler.is_enabled()
    gc.enable()
    faulthandler.enable()
    if not enabled:
        faulthandler.disable()


@pytest.mark.parametrize("leave", [nothing, refused, namesakes, *LEAVING])
def test_what_takes_nothing_away_is_not_told(leave):
    """P6: from Python 3.12 on the profile function is not ours."""
    with Profile(threads=True) as profile:
        leave()
        known = profile.events_taken

    assert (known, profile.events_taken) == (False, False)


@pytest.mark.parametrize(
    "command", [("-m", "pikos", "run", "-o", "out"), ("-m", "pikos.real_time", "-o", "out")]
)
def test_a_command_line_says_so_at_the_end(python, write, tmp_path, command):
    """P6: and ends with the program's status."""
    taking = (
        "ident = [n for n in range(6) if sys.monitoring.get_tool(n) == 'pikos'][0]\n"
        "sys.monitoring.set_events(ident, 0)\n"
        if HAS_MONITORING
        else "import cProfile\nprofile = cProfile.Profile()\nprofile.enable()\nprofile.disable()\n"
    )
    write("script.py", f"import sys\ndef before(): pass\nbefore()\n{taking}print('ran')")

    done = python(*command, "script.py")

    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr.endswith(f": {EVENTS_TAKEN}\n")
    assert done.stderr.count("\n") == 1
    assert "before" in {name for _, _, name in pstats.Stats(str(tmp_path / "out")).stats}


@pytest.mark.skipif(HAS_MONITORING, reason="no event tells of it")
def test_viewers_know_it_at_once():
    """P6: in the row of the session."""
    profile = Profile(threads=True)
    with published(profile) as look, profile:
        known = look().session.events_taken
        gc.enable()
        known_after_a_namesake = look().session.events_taken
        by_none()
        known_then = look().session.events_taken

    assert (known, known_after_a_namesake, known_then) == (0, 0, 1)
