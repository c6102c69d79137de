"""C10: threads that end while the hooks of Python 3.11 go from thread to thread."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.deadlines import LONG_DEADLINE_S

PROGRAM = """
    import gc, sys, threading
    from pikos.external.real_time_profiler import RealTimeProfiler
    from pikos.monitors.api import FunctionMonitor, LineMonitor
    from pikos.recorders.api import ListRecorder

    class Threads:
        def __init__(self):
            self.end = threading.Event()
            self.running = [threading.Thread(target=self.end.wait) for _ in range(40)]
            for thread in self.running:
                thread.start()

        def stop(self):
            self.end.set()
            for thread in self.running:
                thread.join()

    class Cycle:
        def __init__(self, threads):
            self.threads, self.itself = threads, self

        def __del__(self):
            self.threads.stop()

    def of_an_audit_hook(threads):
        global strike
        strike = threads.stop

    def of_the_collector(threads):
        gc.collect()
        gc.set_threshold(20)
        Cycle(threads)

    def strike():
        pass

    def hook(event, arguments):
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and event in ("sys.setprofile", "sys.settrace"):
            strike()

    def called():
        return [[] for _ in range(200)]

    sys.addaudithook(hook)
    make = {
        "functions": lambda: FunctionMonitor(ListRecorder()),
        "lines": lambda: LineMonitor(ListRecorder()),
        "profiler": lambda: RealTimeProfiler(publish=False),
    }[sys.argv[1]]
    for prepare in (of_an_audit_hook, of_the_collector):
        for begins in (True, False):
            threads = Threads()
            observer = make()
            if begins:
                prepare(threads)
            observer.enable()
            if not begins:
                prepare(threads)
            observer.disable()
            gc.set_threshold(700)
            strike = called
            with make():
                called()
            threads.stop()
    print("survived")
"""


@pytest.mark.skipif(hasattr(sys, "monitoring"), reason="from 3.12 on no thread is looked at")
@pytest.mark.parametrize("observer", ["functions", "lines", "profiler"])
def test_threads_may_end_while_hooks_are_set_or_taken_off(write, observer):
    """C10: an audit hook or a destructor ends them; freed memory is overwritten here."""
    child = subprocess.run(
        [sys.executable, write("program.py", PROGRAM), observer],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONMALLOC": "debug"},
        timeout=LONG_DEADLINE_S,
        check=False,
    )

    assert (child.returncode, child.stdout, child.stderr) == (0, "survived\n", "")
