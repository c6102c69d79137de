"""How many instructions the extension takes for an event, which no other work on a machine changes.

A guard against a hot path that has become longer unnoticed, not a measure of time: that is what
``benchmarks/`` is for.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from support.deadlines import LONG_DEADLINE_S
from support.interpreters import newest_only

from pikos.monitors import sources

PROGRAM = """
    import sys
    from pikos.monitors.api import FunctionMonitor, LineMonitor
    from pikos.recorders.api import CSVFileRecorder

    def calls(n):
        return n if n < 2 else calls(n - 1) + calls(n - 2)

    def lines(n):
        total = 0
        for number in range(n):
            total += number
            total -= 1
            total ^= 3

    with {"functions": FunctionMonitor, "lines": LineMonitor}[sys.argv[1]](
        CSVFileRecorder(sys.argv[2])
    ):
        calls(20) if sys.argv[1] == "functions" else lines(10_000)
"""


@newest_only
@pytest.mark.skipif(not sources.native_is_chosen(), reason="there is no extension")
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="there is no valgrind")
@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="the figures are of sys.monitoring")
@pytest.mark.parametrize(("events", "most"), [("functions", 185), ("lines", 205)])
def test_an_event_takes_few_instructions(write, tmp_path, events, most):
    program, records = write("program.py", PROGRAM), tmp_path / "records.csv"
    counted = tmp_path / "counted"
    options = [
        "--toggle-collect=pk_tell",
        "--collect-atstart=no",
        f"--callgrind-out-file={counted}",
    ]

    subprocess.run(
        ["valgrind", "--tool=callgrind", *options, sys.executable, program, events, records],
        check=True,
        capture_output=True,
        timeout=LONG_DEADLINE_S,
    )

    total = re.search(r"^(?:summary|totals): (\d+)", counted.read_text(), re.MULTILINE)
    instructions = int(total[1])
    count = len(records.read_bytes().splitlines()) - 1
    assert count > 40_000
    assert instructions / count < most
