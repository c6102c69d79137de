"""How long the end of publishing may take, and what is kept if that is not enough."""

from __future__ import annotations

import math
import os
import sys

import pytest
from support.session import FACTS
from support.waiting import hear_until, wait_until

from pikos import _lsprof
from pikos._lsprof import Profiler
from pikos.live import subscribe
from pikos.real_time.libzmq import bind_libzmq
from pikos.wire.hello import hello_json

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


@pytest.fixture
def publishing(tmp_path):
    """Make profilers that publish."""
    bind_libzmq(_lsprof)

    def make(number=0):
        profiler = Profiler()
        endpoint = f"ipc://{tmp_path}/{number}"
        profiler.start_publishing(endpoint, 0.01, hello_json(FACTS), os.urandom(16))
        return profiler

    return make


def own_threads():
    """How many publishing threads there are."""
    count = 0
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/comm") as name:
                count += name.read() == "pikos\n"
        except OSError:  # it has ended
            pass
    return count


def mappings():
    with open("/proc/self/maps") as lines:
        return sum(1 for _ in lines)


def test_after_a_stop_that_was_not_answered_only_that_ledger_is_kept(publishing):
    """C15: a ledger is a mapping."""
    for number in range(20):  # a thread may have ended before it is looked at for no time at all
        profiler = publishing(number)
        profiler.stop_publishing("at once", 0.0)
    profiler.clear()
    before = mappings()
    for _ in range(300):
        profiler.clear()
    assert mappings() - before < 20
    wait_until(lambda: own_threads() == 0, "the end of the threads that were not waited for")


@pytest.mark.parametrize("deadline_s", [math.inf, 1e300, 1e10])
def test_any_long_deadline_waits_for_the_last_words(publishing, deadline_s):
    """C15: an infinite deadline is a long one."""
    profiler = publishing()
    with subscribe(profiler.publishing()["endpoint"]) as messages:
        hear_until(messages, lambda s: s.complete, "the first snapshot")
        profiler.stop_publishing("done", deadline_s)
        assert own_threads() == 0
        last = hear_until(messages, lambda s: s.ended is not None, "goodbye")
    assert last.ended == "done"


@pytest.mark.parametrize("deadline_s", [math.nan, -math.inf, -1.0, -1e300])
def test_a_deadline_that_is_no_time_waits_for_nothing(publishing, deadline_s):
    """C15."""
    profiler = publishing()
    profiler.stop_publishing("done", deadline_s)
    assert profiler.publishing() is None
    assert profiler.wait_for_viewer(deadline_s) is False
    wait_until(lambda: own_threads() == 0, "the end of the thread that was not waited for")
