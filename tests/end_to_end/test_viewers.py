"""Viewers of real programs: late, slow, killed, many, and with hostile names to show."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest
from support import hostile
from support.deadlines import DEADLINE_S
from support.waiting import calls_of, hear_until, wait_until

from pikos.cli.keygen import write_keys
from pikos.errors import SessionSilent
from pikos.live import subscribe
from pikos.model import Model
from pikos.model.threads import of_thread

BUSY = """
def main():
    while not done.is_set():
        work(10)
        done.wait(0.001)
done = threading.Event()
with RealTimeProfiler(interval={interval}{options}):
    threading.Thread(target=main, name="busy").start()
    {meanwhile}
    print("ready", flush=True)
    input()
    done.set()
    threading.enumerate()[-1].join()
"""


@pytest.fixture
def busy(start):
    """Start a program that works until it is let go on; its session is there."""

    def run(options="", meanwhile="pass", interval=0.02):
        text = BUSY.format(options=options, meanwhile=meanwhile, interval=interval)
        program = start(text)
        assert program.line() == "ready", program.end()
        return program

    return run


@pytest.fixture
def viewer(runtime):
    """Start ``pikos`` as a process of its own."""
    started = []

    def run(*arguments):
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "pikos", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_a_viewer_that_joins_late_gets_the_whole_state_and_then_what_changes(busy):
    program = busy(meanwhile="work(12_345)")

    with subscribe(program.pid) as messages:
        model = Model()
        whole = hear_until(messages, lambda s: s.complete, "the whole state", model)
        before = calls_of(whole, "leaf")
        hear_until(messages, lambda s: calls_of(s, "leaf") > before, "a change", model)

    assert before >= 12_345
    assert {"leaf", "work", "main"} <= {f.name for f in whole.functions.values()}
    assert {thread.name for thread in whole.threads.values()} >= {"MainThread", "busy"}
    assert whole.facts["pid"] == program.pid
    assert whole.session.rss_bytes > 1_000_000


def test_every_snapshot_agrees_with_itself(busy):
    program = busy()

    with subscribe(program.pid) as messages:
        model = Model()
        hear_until(messages, lambda s: s.complete, "the whole state", model)
        for _ in range(30):
            heard = model.snapshot().messages
            snapshot = hear_until(messages, lambda s: s.messages > heard, "a message", model)  # noqa: B023

            sums = [of_thread(snapshot, thread).stats for thread in snapshot.threads]
            rounding_ns = len(snapshot.contexts)
            for number, stat in snapshot.stats.items():
                told = [each[number] for each in sums if number in each]
                assert sum(edge.callcount for edge in snapshot.callers(number)) == stat.callcount
                assert sum(one.callcount for one in told) == stat.callcount
                assert sum(one.reccallcount for one in told) == stat.reccallcount
                assert abs(sum(one.inline_ns for one in told) - stat.inline_ns) <= rounding_ns
                off_ns = sum(one.cumulative_ns for one in told) - stat.cumulative_ns
                assert abs(off_ns) <= rounding_ns


def test_the_goodbye_has_the_last_counts(busy):
    program = busy()

    with subscribe(program.pid) as messages:
        model = Model()
        hear_until(messages, lambda s: s.complete, "the whole state", model)
        program.go_on()
        last = hear_until(messages, lambda s: s.ended is not None, "goodbye", model)

    assert program.end()[0] == 0
    assert last.complete
    assert not any(call.function in _named(last, "main") for call in last.open_calls)
    assert calls_of(last, "leaf") == 10 * calls_of(last, "work")


def _named(snapshot, name):
    return {f.id for f in snapshot.functions.values() if f.name == name}


def test_a_subscription_is_asynchronous_too(busy):
    program = busy()

    async def heard():
        with subscribe(program.pid, timeout=DEADLINE_S) as messages:
            model = Model()
            async for message in messages:
                model.fold(message)
                if model.snapshot().complete:
                    break
        return model.snapshot()

    assert calls_of(asyncio.run(heard()), "leaf") > 0


def test_viewers_come_and_go_and_the_program_is_not_disturbed(busy, viewer):
    program = busy()

    for _ in range(10):
        watching = viewer("top", program.pid, "--interval", "0.02")
        assert f"process {program.pid}" in watching.stdout.readline()
        watching.kill()
    with subscribe(program.pid) as messages:
        snapshot = hear_until(messages, lambda s: s.complete, "the whole state")
    program.go_on()

    assert calls_of(snapshot, "leaf") > 0
    assert program.end() == (0, "", "")


def test_several_viewers_watch_at_once_and_end_with_the_program(busy, viewer):
    program = busy()
    watching = [viewer("top", program.pid, "--interval", "0.1") for _ in range(3)]
    for each in watching:
        assert f"process {program.pid}" in each.stdout.readline()

    program.go_on()
    program.end()

    for each in watching:
        told = each.communicate(timeout=DEADLINE_S)[0].split("\n\n")
        assert each.returncode == 0
        assert "ended: " in told[-2]
        assert "leaf" in told[-2]


def test_what_a_slow_viewer_missed_is_counted_and_made_up_for(busy):
    program = busy(interval=0.002)

    with subscribe(program.pid) as slow, subscribe(program.pid) as fast:
        slow_model, fast_model = Model(), Model()
        hear_until(slow, lambda s: s.complete, "the whole state", slow_model)
        began = hear_until(fast, lambda s: s.complete, "the whole state", fast_model).messages
        hear_until(fast, lambda s: s.messages > began + 1500, "1500 messages", fast_model)
        hear_until(slow, lambda s: s.dropped > 0, "a gap", slow_model)
        whole = hear_until(slow, lambda s: s.complete, "the whole state again", slow_model)

    assert slow.dropped == whole.dropped > 0
    assert calls_of(whole, "leaf") > 0


def test_a_viewer_that_is_stopped_holds_up_neither_the_program_nor_its_end(busy, viewer):
    program = busy(meanwhile="pass")
    watching = viewer("top", program.pid, "--interval", "0.02")
    watching.stdout.readline()
    watching.send_signal(signal.SIGSTOP)

    with subscribe(program.pid) as messages:
        model = Model()
        first = hear_until(messages, lambda s: s.complete, "the whole state", model)
        later = hear_until(messages, lambda s: s.messages > 100, "100 messages", model)
    program.go_on()
    status = program.end()
    watching.send_signal(signal.SIGCONT)

    assert calls_of(later, "leaf") > calls_of(first, "leaf")
    assert status == (0, "", "")


def test_received_and_dropped_are_all_that_was_sent(busy):
    program = busy()

    with subscribe(program.pid) as messages:
        model = Model()
        first = messages.receive(DEADLINE_S)
        model.fold(first)
        hear_until(messages, lambda s: s.messages >= 50, "50 messages", model)
        program.go_on()
        last = hear_until(messages, lambda s: s.ended is not None, "goodbye", model)

    sent = last.session.messages - first.envelope.sequence
    assert sent <= last.messages + last.dropped <= sent + 10


def test_top_once_is_a_script_s_look_at_a_program(busy, viewer):
    program = busy(meanwhile="work(5)")

    looking = viewer("top", program.pid, "--once", "--json", "--sort", "calls")
    told = json.loads(looking.communicate(timeout=DEADLINE_S)[0])

    assert looking.returncode == 0
    assert told["complete"]
    assert told["hello"]["pid"] == program.pid
    names = [function["name"] for function in told["functions"]]
    assert names[0] == "leaf"
    assert "input" in json.dumps(told["open_calls"])


def test_without_a_target_top_watches_the_only_session_and_lists_several(busy, viewer):
    program = busy()
    only = viewer("top", "--once")
    assert f"process {program.pid}" in only.communicate(timeout=DEADLINE_S)[0]

    other = busy()
    done = subprocess.run(
        [sys.executable, "-m", "pikos", "top"],
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )

    assert done.returncode == 2
    assert str(program.pid) in done.stderr
    assert str(other.pid) in done.stderr


@pytest.mark.parametrize("panel", [["--once"], ["--once", "--json"]])
def test_hostile_names_of_a_real_program_are_shown_as_escapes(busy, viewer, panel):
    names = [*hostile.NAMES.values(), hostile.SURROGATES]
    program = busy(
        meanwhile=f"""
    import types
    for name in {names!r}:
        code = leaf.__code__.replace(co_name=name, co_filename=name.replace(chr(0), "-"))
        types.FunctionType(code, {{}})()
    threading.Thread(target=leaf, name={hostile.NAMES["clipboard"]!r}).start()
"""
    )

    looking = viewer("top", program.pid, "--limit", "100", *panel)
    told = looking.communicate(timeout=DEADLINE_S)[0]

    assert looking.returncode == 0
    assert all(map(hostile.is_harmless, told.split("\n")))
    assert "\\x1b" in told or "\\u001b" in told


def test_a_program_with_a_hundred_thousand_functions_is_seen_whole(start):
    program = start("""
        code = compile("def f(): pass", "many", "exec")
        functions = {}
        for number in range(100_000):
            exec(code.replace(co_consts=tuple(
                c.replace(co_name=f"f{number}", co_firstlineno=number + 1)
                if hasattr(c, "co_name") else c for c in code.co_consts)), functions)
            functions[number] = functions["f"]
        with RealTimeProfiler():
            for number in range(100_000): functions[number]()
            print("ready", flush=True)
            input()
    """)
    assert program.line() == "ready", program.end()

    with subscribe(program.pid) as messages:
        snapshot = hear_until(messages, lambda s: s.complete, "the whole state")
    program.go_on()

    assert program.end()[0] == 0
    assert sum(f.file == "many" for f in snapshot.functions.values()) == 100_000
    assert sum(stat.callcount == 1 for stat in snapshot.stats.values()) >= 100_000
    assert snapshot.dropped == 0


def test_over_tcp_only_who_has_the_keys_hears(busy, tmp_path, viewer):
    write_keys(tmp_path / "keys")
    write_keys(tmp_path / "others")
    program = busy(options=f", address='tcp://127.0.0.1:*', keys={str(tmp_path / 'keys')!r}")
    address = program.session().address

    with subscribe(address, keys=tmp_path / "keys") as messages:
        assert calls_of(hear_until(messages, lambda s: s.complete, "the state"), "leaf") > 0
    for keys in (None, tmp_path / "others"):
        with subscribe(address, keys=keys, timeout=1.0) as messages, pytest.raises(SessionSilent):
            next(messages)
    looking = viewer("top", program.pid, "--once", "--keys", tmp_path / "keys")

    assert "leaf" in looking.communicate(timeout=DEADLINE_S)[0]


def test_a_publisher_that_was_killed_is_gone_until_another_is_there(start, tmp_path):
    text = f"""
        with RealTimeProfiler(address="ipc://{tmp_path}/s", interval=0.02):
            work({{count}})
            print("ready", flush=True)
            input()
    """
    first = start(text.format(count=5))
    assert first.line() == "ready", first.end()

    with subscribe(f"ipc://{tmp_path}/s") as messages:
        model = Model()
        hear_until(messages, lambda s: s.complete, "the whole state", model)
        first.stop()
        wait_until(lambda: messages.receive(0) is None and messages.gone, "gone")
        second = start(text.format(count=7))
        assert second.line() == "ready", second.end()
        snapshot = hear_until(
            messages, lambda s: s.complete and calls_of(s, "leaf") == 7, "it", model
        )

    assert snapshot.facts["pid"] == second.pid
    assert len(model.streams) == 2


SLOW = """import os, sys, time
def slow():
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.01)
slow()
print("done")
"""


def test_run_live_shows_the_table_on_the_terminal_and_leaves_it_in_order(runtime, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SLOW)
    shown = tmp_path / "shown"
    primary, replica = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pikos", "run", "--live", str(script), str(shown)],
        stdin=replica,
        stdout=subprocess.PIPE,
        stderr=replica,
        env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "LINES": "30", "COLUMNS": "120"},
        start_new_session=True,
    )
    os.close(replica)
    seen = _read_until(primary, b"slow")
    shown.touch()
    seen += _read_to_the_end(primary, process)
    output = process.communicate(timeout=DEADLINE_S)[0]

    assert process.returncode == 0
    assert output == b"done\n"
    assert b"\x1b[?1049h" in seen
    screen, _, left = seen.partition(b"\x1b[?1049l")
    assert b"slow" in screen
    assert b"ended: " in left
    assert b"slow (script.py:2)" in left


def _read_until(primary, text):
    seen = b""
    while text not in seen:
        assert select.select([primary], [], [], DEADLINE_S)[0], seen
        seen += os.read(primary, 65536)
    return seen


def _read_to_the_end(primary, process):
    seen = b""
    deadline = time.monotonic() + DEADLINE_S
    try:
        while process.poll() is None or select.select([primary], [], [], 0)[0]:
            assert time.monotonic() < deadline, seen
            if select.select([primary], [], [], 0.05)[0]:
                seen += os.read(primary, 65536)
    except OSError:  # nobody is at the other side any more
        pass
    finally:
        os.close(primary)
    return seen
