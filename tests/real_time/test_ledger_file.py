"""What a killed process leaves behind is what it had counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from support.killed import CALLING, KILLS, KINDS, MAKE_CALLS, kills
from support.waiting import calls_of

from pikos.errors import LedgerError
from pikos.live.ledger_file import LedgerFile
from pikos.live.ledger_state import LedgerState
from pikos.live.session_lock import LEDGER_NAME
from pikos.live.streams import Streams
from pikos.model import Model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files back a ledger on Linux only")

PROGRAM = f"""{CALLING}
from pikos.api import RealTimeProfiler
profiler = RealTimeProfiler()
profiler.enable()
said = os.path.dirname(profiler.address.removeprefix("ipc://")).encode()
{MAKE_CALLS}"""


def killed(script, runtime, kind, calls):
    """The last state of a program that was killed as soon as it said that it has made its calls."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    with subprocess.Popen(
        [sys.executable, script, kind, str(calls)], stdout=subprocess.PIPE, env=environment
    ) as program:
        path = os.read(program.stdout.fileno(), 4096).decode()
        program.send_signal(signal.SIGKILL)
        program.wait()
    return path


def state_of(path):
    """The snapshot that a viewer makes of a ledger's file."""
    model, streams = Model(), Streams()
    state = LedgerState(os.path.join(path, LEDGER_NAME))
    for frame in state.frames(reason=state.reason):
        message = streams.take(frame)
        if message is not None:
            model.fold(message)
    return model.snapshot()


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def runtime(tmp_path):
    made = tmp_path / "r"
    made.mkdir(0o700)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_process_leaves_every_call_that_it_made(script, runtime, kind):
    """R4."""
    differences = 0
    for calls, path in kills(partial(killed, script, runtime), kind, KILLS):
        differences += calls_of(state_of(path), KINDS[kind]) != calls

    assert differences == 0


def test_functions_edges_and_contexts_of_the_file_agree(script, runtime):
    snapshot = state_of(killed(script, runtime, "recursive", 600))

    called = {f: stat.callcount for f, stat in snapshot.stats.items()}
    by_edge, by_context = dict.fromkeys(called, 0), dict.fromkeys(called, 0)
    for edge in snapshot.edges.values():
        by_edge[edge.callee] += edge.callcount
    for context in snapshot.contexts.values():
        if context.callcount:
            by_context[context.function] += context.callcount
    assert called == by_edge == by_context
    assert snapshot.ended.startswith("gone without a goodbye at ")


def test_a_damaged_file_is_refused_and_never_believed(script, runtime, tmp_path):
    path = killed(script, runtime, "leaf", 10)
    whole = (Path(path) / LEDGER_NAME).read_bytes()
    copy = tmp_path / LEDGER_NAME
    for size in [0, 7, 31, 100, 5000, 300_000, len(whole) // 2]:
        copy.write_bytes(whole[:size])
        with pytest.raises(LedgerError):
            state_of(tmp_path)
    copy.write_bytes(bytes(64) + whole[64:])
    with pytest.raises(LedgerError, match="no state"):
        state_of(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(copy)
    with pytest.raises(LedgerError):
        LedgerFile(str(link))
