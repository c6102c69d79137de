"""``pikos top`` and ``pikos ps`` on programs that publish records."""

from __future__ import annotations

import json

import pytest
from support.programs import start
from support.waiting import wait_until

from pikos.live import sessions

__all__ = ["start"]

RECORDING = """
from pikos.monitors.records import FunctionMemoryRecord
from pikos.recorders.zeromq_recorder import ZeroMQRecorder
recorder = ZeroMQRecorder(wait_for_ready=False)
recorder.prepare(FunctionMemoryRecord)
for index in range(50):
    recorder.record(FunctionMemoryRecord(index, "call", "wörk", 3 << 20, 5 << 30, 7, "/a.py"))
print("recorded", flush=True)
"""


@pytest.fixture
def recording(start):
    """Start a program that records, and does more."""

    def begin(text="input()"):
        program = start(RECORDING + text)
        assert program.line() == "recorded"
        return program

    return begin


def test_the_newest_records_are_printed_once(pikos, recording):
    program = recording()

    done = pikos("top", program.pid, "--once", "--limit", "2")

    assert (done.returncode, done.stderr) == (0, "")
    assert "FunctionMemoryRecord: 50 records" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if "w" in line and "/a.py" in line]
    assert [row[0] for row in rows] == ["48", "49"]
    assert "3.0 MiB" in done.stdout
    assert program.process.poll() is None


def test_records_are_printed_as_json(pikos, recording):
    done = pikos("top", recording().pid, "--once", "--json")

    records = json.loads(done.stdout)["records"]["FunctionMemoryRecord"]
    assert [row["index"] for row in records["rows"]] == list(range(50))
    assert records["rows"][0]["RSS"] == 3 << 20


def test_ps_tells_what_a_session_publishes(pikos, recording):
    program = recording()

    listed = pikos("ps").stdout.splitlines()
    told = json.loads(pikos("ps", "--json").stdout)

    assert listed[0].split() == ["PID", "SINCE", "WHAT", "ADDRESS", "COMMAND"]
    assert (str(program.pid), "records") == (listed[1].split()[0], listed[1].split()[2])
    assert told[0]["publishes"] == "records"


def test_of_several_sessions_of_a_process_one_is_to_be_named(pikos, recording):
    program = recording("profiler = RealTimeProfiler(); profiler.enable(); input()")
    found = wait_until(
        lambda: (two := sessions.list_sessions())[1:] and two, "the profiler's session"
    )

    done = pikos("top", program.pid, "--once")
    chosen = pikos("top", found[0].address, "--once")

    assert done.returncode == 2
    assert "several sessions; name the ADDRESS of one" in done.stderr
    assert all(session.address in done.stderr for session in found)
    assert (chosen.returncode, "50 records" in chosen.stdout) == (0, True)


def test_a_recorder_under_a_monitor_is_watched_while_it_runs(pikos, start):
    """S05, S54: a monitor's records are seen live."""
    program = start(
        "from pikos.monitors.api import FunctionMemoryMonitor\n"
        "from pikos.recorders.zeromq_recorder import ZeroMQRecorder\n"
        "def busy(): return 1\n"
        "with FunctionMemoryMonitor(ZeroMQRecorder(wait_for_ready=False)):\n"
        "    for _ in range(10): busy()\n"
        "    os.write(1, b'busy\\n')\n"
        "    os.read(0, 1)\n"
    )
    assert program.line() == "busy"

    seen = wait_until(
        lambda: (
            (
                rows := json.loads(pikos("top", program.pid, "--once", "--json").stdout)["records"][
                    "FunctionMemoryRecord"
                ]["rows"]
            )
            and sum(row["function"] == "busy" for row in rows) >= 20
            and rows
        ),
        "the monitor's records",
    )

    assert [row["index"] for row in seen] == list(range(len(seen)))
    assert all(row["RSS"] > 0 for row in seen)
    assert program.process.poll() is None
    program.go_on()
    assert program.end()[0] == 0
