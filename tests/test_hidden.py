"""What is hidden from monitors: the code of Pikos, and threads that say so."""

from __future__ import annotations

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
