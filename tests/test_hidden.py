"""What is hidden from monitors: the code of Pikos, and threads that say so."""

from __future__ import annotations

import sys
import threading

from pikos import hidden
from pikos.monitors.monitor import Monitor


def test_the_code_of_pikos_is_hidden():
    assert hidden.code_is_hidden(Monitor.__enter__.__code__)


def test_other_code_is_not():
    assert not hidden.code_is_hidden(threading.Thread.start.__code__)
    assert not hidden.code_is_hidden((lambda: None).__code__)


def test_a_thread_is_hidden_inside_the_block_only():
    ident = threading.get_ident()

    before = hidden.thread_is_hidden(ident)
    with hidden.hidden_thread():
        within = hidden.thread_is_hidden(ident)

    assert (before, within, hidden.thread_is_hidden(ident)) == (False, True, False)


def test_a_hidden_thread_runs_no_code_that_is_not_hidden():
    seen = []

    def hook(frame, event, argument):
        if not hidden.code_is_hidden(frame.f_code):
            seen.append((event, frame.f_code.co_name))

    hidden_thread = hidden.hidden_thread
    before = sys.getprofile()
    sys.setprofile(hook)
    try:
        with hidden_thread():
            pass
    finally:
        sys.setprofile(before)

    own = sys._getframe().f_code.co_name
    assert not [event for event in seen if event[1] != own]
