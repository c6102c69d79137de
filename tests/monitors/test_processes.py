"""Monitors when the process forks, when it ends, and where psutil is not needed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support import known
from support.recorded import calls

from pikos import hidden
from pikos.monitors.api import FunctionMemoryMonitor, FunctionMonitor
from pikos.native import EVENTS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_is_not_monitored_until_it_enables(mechanism, kept, monkeypatch):
    monitor = FunctionMemoryMonitor(kept)
    monkeypatch.setitem(hidden.THREADS, 1, 1)

    with monitor:
        child = os.fork()
        if not child:
            status = 1
            try:
                before = len(kept.records)
                known.leaf()
                off = len(kept.records) == before and monitor._process is None
                monitor.disable()
                with monitor:
                    known.leaf()
                on = calls(kept)[before:] == [("call", "leaf"), ("return", "leaf")]
                seen = not hidden.thread_is_hidden(1)
                status = 0 if off and on and seen and "finalized" in kept.steps else 2
            finally:
                os._exit(status)
        known.leaf()
        _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert calls(kept).count(("call", "leaf")) == 1


@pytest.mark.parametrize("ending", ["pass", "raise SystemExit(3)", "1 / 0"])
def test_a_monitor_that_is_on_at_the_end_is_finalized(python, write, ending):
    write(
        "program.py",
        f"""
        import threading
        from pikos.monitors.api import FunctionMonitor
        from pikos.recorders.api import CSVFileRecorder
        monitor = FunctionMonitor(CSVFileRecorder("records.csv"))
        monitor.enable()
        monitor.enable()
        def work():
            while True:
                len([])
        threading.Thread(target=work, daemon=True).start()
        def last():
            pass
        last()
        {ending}
        """,
    )

    done = python("program.py")
    records = (write("nothing", "").parent / "records.csv").read_text()

    assert done.returncode == {"pass": 0, "raise SystemExit(3)": 3, "1 / 0": 1}[ending]
    assert "call,last," in records
    assert "return,last," in records


WITHOUT_PSUTIL = """
import sys
sys.modules["psutil"] = None
from pikos.monitors.api import *
from pikos.recorders.list_recorder import ListRecorder
def leaf(): pass
recorder = ListRecorder()
monitor = FunctionMemoryMonitor(recorder)
print(monitor.mechanism)
with monitor:
    leaf()
print([record.RSS > 0 for record in recorder.records])
"""


@pytest.mark.skipif(EVENTS is None, reason="psutil reads the memory where the extension does not")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nor does the extension")
def test_where_the_extension_reads_the_memory_psutil_is_not_asked(python, write):
    """P34, B23: nothing is left out, and nothing is warned of."""
    write("program.py", WITHOUT_PSUTIL)

    done = python("-W", "error", "program.py")

    assert done.stderr == ""
    assert done.stdout.splitlines() == ["C", "[True, True]"]


def test_importing_the_monitors_hooks_nothing(python):
    done = python(
        "-c",
        "import sys, threading, pikos.monitors.api;"
        "print(sys.getprofile(), sys.gettrace(), 'psutil' in sys.modules)",
    )

    assert done.stdout.split() == ["None", "None", "False"]
    assert sys.getprofile() is None
    assert FunctionMonitor is not None
