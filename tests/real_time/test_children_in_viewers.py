"""Viewers are told of Python processes that are not profiled."""

from __future__ import annotations

import os
import subprocess
import sys

from support.published import published

from pikos import _lsprof
from pikos.real_time import Profile
from pikos.real_time.children import Children


def test_children_are_in_the_row_of_the_session():
    """R3: those started as other programs, and those that were forked, each once."""
    ended = Children(_lsprof)
    ended.watch()
    ended.end()
    profile = Profile()
    children = Children(_lsprof, profile.note_started)
    children.watch()
    try:
        with published(profile) as look:
            before = look().session.children
            subprocess.check_call(["true"])
            subprocess.check_call([sys.executable, "-c", ""])
            subprocess.check_call([sys.executable, "-c", ""], preexec_fn=int)
            started = look().session.children
            child = os.fork()
            if not child:
                os._exit(0)
            os.waitpid(child, 0)
            after = look().session.children
    finally:
        children.end()

    assert (started - before, after - before) == (2, 3)
