"""A program may end while it is profiled: it ends as it would alone, whatever runs at the end."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.deadlines import DEADLINE_S

LATE = """
import sys, threading

class Late:
    def __init__(self):
        self.itself = self

    def __del__(self, compile=compile, exec=exec):
        names = {}
        exec(compile("def never_called_before(): return len(0 * [0])", "<late>", "exec"), names)
        names["never_called_before"]()
        "x".isidentifier()

sys.late = Late()  # outlives all modules
"""

PROFILERS = {
    "Profile": "from pikos.real_time import Profile; profiler = Profile()",
    "Profiler": "from pikos._lsprof import Profiler; profiler = Profiler()",
    "a profiler without threads": (
        "from pikos._lsprof import Profiler; profiler = Profiler(threads=False)"
    ),
    "RealTimeProfiler": (
        "from pikos.api import RealTimeProfiler; profiler = RealTimeProfiler(publish=False)"
    ),
    "a monitor": (
        "from pikos.api import FunctionMonitor, ListRecorder\n"
        "profiler = FunctionMonitor(ListRecorder())"
    ),
}


@pytest.mark.parametrize("which", PROFILERS)
def test_a_program_ends_with_its_own_status_while_it_is_profiled(which):
    """C21: code that runs when the modules are gone is counted, or not, and disturbs nobody."""
    program = f"{LATE}\n{PROFILERS[which]}\nprofiler.enable()\nsys.exit(7)"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (7, "")
