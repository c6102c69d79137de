"""Life and death of profiled processes: in order where that can be, never hanging, never in the
way of others."""

from __future__ import annotations

import os
import signal
import socket
import sys

import pytest
from support.waiting import calls_of, hear_until, wait_until

from pikos.live import sessions, subscribe
from pikos.model import Model

IN_ORDER = {
    "its last line": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "an exception": ("raise KeyError('unhandled')", 1),
    "SIGINT": ("os.kill(os.getpid(), signal.SIGINT); signal.pause()", -signal.SIGINT),
    "SIGTERM that it handles": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(4)); signal.raise_signal(15)",
        4,
    ),
    "a thread that outlives the main one": (
        "threading.Thread(target=lambda: (main.join(), work(0))).start()",
        0,
    ),
    "a daemon thread that still runs": (
        "threading.Thread(target=lambda: [leaf2() for _ in iter(int, 1)], daemon=True).start()",
        0,
    ),
}


@pytest.mark.parametrize("where", ["enabled", "in a with block", "disabled"])
def test_a_program_that_ends_in_order_says_goodbye_with_everything_counted(start, runtime, where):
    """Whatever way it ends: one program for each, all at once."""
    begin, end = {
        "enabled": ("profiler.enable()", ""),
        "in a with block": ("with profiler:", ""),
        "disabled": ("with profiler: work(50)", "profiler.disable()"),
    }[where]
    indent = "    " if begin == "with profiler:" else ""
    programs = {}
    for way, (ending, _) in IN_ORDER.items():
        lines = [f"work({0 if end else 50})", *ending.splitlines()]
        programs[way] = start(
            "main = threading.main_thread()\n"
            "def leaf2(): pass\n"
            "profiler = RealTimeProfiler(interval=60, wait_for_viewer=120)\n"
            f"{begin}\n" + "\n".join(indent + line for line in lines)
        )

    for way, program in programs.items():
        with subscribe(program.session().address) as messages:
            last = hear_until(messages, lambda s: s.ended is not None, f"goodbye after {way}")
        returned, _, errors = program.end()

        assert last.ended == "the program ended"
        assert (way, calls_of(last, "leaf")) == (way, 50)
        assert (way, returned) == (way, IN_ORDER[way][1])
        assert ("unhandled" in errors) == (way == "an exception")
    assert not list((runtime / "pikos").iterdir())


ABRUPT = {
    "os._exit": ("os._exit(5)", 5),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); signal.pause()", -signal.SIGTERM),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    "SIGABRT": ("os.kill(os.getpid(), signal.SIGABRT)", -signal.SIGABRT),
    "exec": ("os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(6)'])", 6),
}


@pytest.mark.parametrize("way", ABRUPT)
def test_a_program_that_ends_abruptly_is_soon_gone_and_its_counts_are_kept(start, way):
    ending, status = ABRUPT[way]
    program = start(
        "profiler = RealTimeProfiler(interval=0.02)\n"
        "profiler.enable(); work(50)\n"
        "input()\n" + ending
    )

    with subscribe(program.session().address) as messages:
        hear_until(messages, lambda s: calls_of(s, "leaf") == 50, "all calls")
        program.go_on()
        returned, _, _ = program.end()
        wait_until(lambda: not messages.receive(0) and messages.ended, "its end")

    assert returned == status
    assert sessions.list_sessions() == ()
    assert [one.pid for one in sessions.gone_sessions()] == [program.pid]


def test_a_viewer_finds_the_next_program_at_the_address_of_one_that_was_killed(start, runtime):
    address = f"ipc://{runtime}/chosen"
    text = f"profiler = RealTimeProfiler({address!r}, interval=0.02)\nprofiler.enable()\ninput()"
    seen = []

    with subscribe(address) as messages:
        for _ in range(5):
            program = start(text)
            model = Model()
            snapshot = hear_until(
                messages,
                lambda s: s.complete and s.facts["pid"] == program.pid,  # noqa: B023 - at once
                "the next program",
                model,
            )
            seen.append(snapshot.stream)
            program.process.send_signal(signal.SIGKILL)
            program.end()

    assert len(set(seen)) == 5


def test_a_program_does_not_wait_for_a_viewer_that_was_stopped(start):
    program = start(
        """
        import time
        for n in range(20_000):
            exec(f"def function_{n}(): pass")
        profiler = RealTimeProfiler(interval=0.001, wait_for_viewer=120)
        profiler.enable()
        input()
        for _ in range(20):
            for n in range(0, 20_000, 10):
                globals()[f"function_{n}"]()
        began = time.perf_counter()
        profiler.disable()
        profiler.close()
        print(time.perf_counter() - began)
        """
    )
    viewer = start(
        """
        from pikos.live import subscribe
        with subscribe(sys.argv[1]) as messages:
            next(messages)
            print("hears", flush=True)
            for message in messages: pass
        """,
        program.session().address,
    )
    assert viewer.line() == "hears"

    viewer.process.send_signal(signal.SIGSTOP)
    program.go_on()
    stopping_s = float(program.line())
    returned, _, errors = program.end()
    viewer.process.send_signal(signal.SIGCONT)

    assert (returned, errors) == (0, "")
    assert stopping_s < 0.25 + 0.25


def test_a_program_with_no_viewer_ends_at_once(start):
    program = start("profiler = RealTimeProfiler()\nprofiler.enable()\nwork(5)\nprint('done')")

    assert program.end() == (0, "done\n", "")


FORKS = """
profiler = RealTimeProfiler(interval=0.02, wait_for_viewer=120)
profiler.enable()
directory = os.path.dirname(profiler.address.removeprefix("ipc://"))
bad = 0
for _ in range(200):
    leaf()
    child = os.fork()
    if not child:
        ok = not profiler.enabled and profiler.publishing() is None and profiler.address is None
        work(100)
        os._exit(0 if ok and {"lock", "session.json"} <= set(os.listdir(directory)) else 1)
    bad += os.waitpid(child, 0)[1] != 0
print(bad, flush=True)
input()
"""


def test_two_hundred_forks_leave_the_parents_session_its_own_and_exact(start, runtime):
    program = start(FORKS)
    session = program.session()
    model = Model()

    with subscribe(session.address) as messages:
        hear_until(messages, lambda s: s.complete, "the first snapshot", model)
        assert program.line() == "0"
        hear_until(messages, lambda s: calls_of(s, "leaf") == 200, "all calls", model)
        program.go_on()
        last = hear_until(messages, lambda s: s.ended is not None, "goodbye", model)

    assert program.end() == (0, "", "")
    assert last.ended == "the program ended"
    assert calls_of(last, "leaf") == 200
    assert last.facts["pid"] == session.pid
    assert len(model.streams) == 1
    assert not list((runtime / "pikos").iterdir())


def test_forks_leave_a_chosen_path_the_parents_and_it_is_removed_at_the_end(start, runtime):
    program = start(
        f"""
        profiler = RealTimeProfiler("ipc://{runtime}/chosen", interval=0.02)
        profiler.enable()
        for _ in range(5):
            child = os.fork()
            if not child: sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
        print("forked", flush=True)
        input()
        """
    )
    assert program.line() == "forked"

    with subscribe(f"ipc://{runtime}/chosen") as messages:
        hear_until(messages, lambda s: s.complete, "the parent")
    program.go_on()

    assert program.end() == (0, "", "")
    assert not list(runtime.glob("chosen*"))


def test_a_fork_warns_of_no_thread_of_ours(start):
    program = start(
        """
        profiler = RealTimeProfiler(interval=0.02, wait_for_viewer=120)
        profiler.enable()
        for _ in range(20):
            child = os.fork()
            if not child: os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        """,
        options=["-W", "always"],
    )

    with subscribe(program.session().address) as messages:
        hear_until(messages, lambda s: s.ended is not None, "goodbye")

    assert program.end() == (0, "", "")


@pytest.mark.parametrize("main", ["thread.join()", "while thread.is_alive(): work(100)"])
def test_publishing_goes_on_after_forks_in_another_thread(start, main):
    program = start(
        """
        def fork():
            for _ in range(20):
                child = os.fork()
                if not child: os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
            last()
            input()
        def last(): pass
        profiler = RealTimeProfiler(interval=0.02)
        profiler.enable()
        thread = threading.Thread(target=fork)
        thread.start()
        """
        + main,
        options=["-W", "ignore"],  # there are threads, though they are not ours
    )

    with subscribe(program.session().address) as messages:
        hear_until(messages, lambda s: calls_of(s, "last") == 1, "the call after the forks")
    program.go_on()

    assert program.end() == (0, "", "")


@pytest.mark.parametrize("ending", ["sys.exit(0)", "os._exit(0)", "pass"])
def test_a_child_ends_without_a_goodbye_for_its_parent(start, ending):
    program = start(
        f"""
        profiler = RealTimeProfiler(interval=0.02, wait_for_viewer=120)
        profiler.enable()
        child = os.fork()
        if not child:
            {ending}
        else:
            assert os.waitpid(child, 0)[1] == 0
            work(7)
            input()
        """
    )

    with subscribe(program.session().address) as messages:
        snapshot = hear_until(messages, lambda s: calls_of(s, "leaf") == 7, "the parent's calls")
        assert snapshot.ended is None
    program.go_on()

    assert program.end() == (0, "", "")


def test_a_child_that_enables_again_has_a_session_and_counts_of_its_own(start):
    program = start(
        """
        profiler = RealTimeProfiler(interval=0.02)
        profiler.enable()
        work(5)
        child = os.fork()
        if not child:
            with profiler:
                work(3)
                print(profiler.address, flush=True)
                input()
            profiler.close()
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )
    parents = program.session().address
    childs = program.line()

    with subscribe(childs) as messages:
        snapshot = hear_until(messages, lambda s: calls_of(s, "leaf") == 3, "the child's calls")
    assert {parents, childs} == {session.address for session in sessions.list_sessions()}
    program.go_on()

    assert program.end() == (0, "", "")
    assert snapshot.facts["pid"] != program.pid


def test_a_child_whose_address_is_its_parents_profiles_without_publishing(start, runtime):
    program = start(
        f"""
        profiler = RealTimeProfiler("ipc://{runtime}/chosen")
        with profiler: work(5)
        child = os.fork()
        if not child:
            with profiler: work(3)
            profiler.snapshot_stats()
            calls = {{key[2]: row[1] for key, row in profiler.stats.items()}}
            os._exit(0 if calls["leaf"] == 3 and profiler.address is None else 1)
        assert os.waitpid(child, 0)[1] == 0
        """
    )

    assert program.end() == (0, "", "")


def test_a_fork_is_not_kept_waiting_by_a_thread_that_waits_for_a_viewer(start):
    program = start(
        """
        profiler = RealTimeProfiler(interval=0.02, wait_for_viewer=120)
        threading.Thread(target=profiler.enable, daemon=True).start()
        input()
        for _ in range(10):
            child = os.fork()
            if not child: os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        print("forked", flush=True)
        os._exit(0)
        """
    )
    program.session()

    program.go_on()

    assert program.line() == "forked"
    assert program.end()[0] == 0


POOL = """
import multiprocessing
from pikos.api import real_time_profiler

@real_time_profiler(interval=0.02)
def square(n):
    return n * n

if __name__ == "__main__":
    square(1)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(pool.map(square, range(4)), flush=True)
        pool.close()
        pool.join()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_decorated_function_works_in_the_processes_of_a_pool(start, runtime, method):
    script = runtime / "pool.py"
    script.write_text("import sys\n" + POOL)
    program = start("os.execv(sys.executable, [sys.executable, *sys.argv[1:]])", script, method)

    returned, output, errors = program.end()

    assert (returned, output, errors) == (0, "[0, 1, 4, 9]\n", "")
    kept = [one.path for one in sessions.gone_sessions()]  # of children that call os._exit
    assert sorted(map(str, (runtime / "pikos").iterdir())) == sorted(kept)


def test_two_programs_at_once_are_two_sessions(start):
    """B18."""
    text = "profiler = RealTimeProfiler(interval=0.02)\nprofiler.enable()\nwork({})\ninput()"
    programs = [start(text.format(n)) for n in (3, 4)]
    addresses = [program.session().address for program in programs]

    for program, address, n in zip(programs, addresses, (3, 4), strict=True):
        with subscribe(program.pid) as messages:
            snapshot = hear_until(messages, lambda s: calls_of(s, "leaf") == n, "calls")  # noqa: B023
        assert messages.addresses == (address,)
        assert snapshot.facts["pid"] == program.pid

    assert len(set(addresses)) == 2


@pytest.mark.parametrize("scheme", ["ipc", "tcp"])
def test_an_address_in_use_by_another_program_is_refused_and_that_one_unharmed(
    start, runtime, scheme
):
    address = f"ipc://{runtime}/chosen" if scheme == "ipc" else "tcp://127.0.0.1"
    first = start(
        "profiler = RealTimeProfiler(sys.argv[1], interval=0.02)\nprofiler.enable()\ninput()",
        address,
    )
    taken = first.session().address

    second = start(
        """
        from pikos.errors import AddressError
        profiler = RealTimeProfiler(sys.argv[1])
        try: profiler.enable()
        except AddressError as error: print(profiler.enabled, error)
        assert sys.getprofile() is None
        """,
        taken,
    )
    returned, output, _ = second.end()

    assert returned == 0
    assert output.startswith(f"False address {taken!r}:")
    with subscribe(taken) as messages:
        snapshot = hear_until(messages, lambda s: s.complete, "the first program")
    assert snapshot.facts["pid"] == first.pid


def test_programs_that_it_starts_inherit_nothing(start):
    program = start(
        """
        import subprocess
        profiler = RealTimeProfiler(interval=0.02)
        profiler.enable()
        listing = [sys.executable, "-c", "import os; print(sorted(os.listdir('/proc/self/fd')))"]
        print(subprocess.run(listing, close_fds=False, capture_output=True, text=True).stdout)
        """
    )

    returned, output, _ = program.end()

    assert returned == 0
    assert output.strip() == "['0', '1', '2', '3']"


def test_a_session_may_begin_and_end_many_times_while_it_is_watched(start, runtime):
    program = start(
        f"""
        profiler = RealTimeProfiler("ipc://{runtime}/chosen", interval=0.005)
        for _ in range(200):
            with profiler: leaf()
            profiler.close()
        print(len(os.listdir("/proc/self/task")), flush=True)
        """
    )

    with subscribe(f"ipc://{runtime}/chosen") as messages:
        returned, output, errors = program.end()
        while messages.receive(0):
            pass

    assert (returned, output, errors) == (0, "1\n", "")
    assert not list(runtime.glob("chosen*"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_signals_are_handled_while_it_publishes(start):
    program = start(
        """
        import time
        ticks = []
        signal.signal(signal.SIGALRM, lambda *_: ticks.append(threading.current_thread()))
        profiler = RealTimeProfiler(interval=0.001)
        profiler.enable()
        for _ in range(100):
            before = len(ticks)
            os.kill(os.getpid(), signal.SIGALRM)
            while len(ticks) == before: pass
        assert set(ticks) == {threading.main_thread()} and len(ticks) == 100
        """
    )

    assert program.end() == (0, "", "")


def test_a_planted_socket_directory_does_not_get_the_session(start, runtime, tmp_path):
    (runtime / "pikos").symlink_to(tmp_path)
    program = start("profiler = RealTimeProfiler()\nprofiler.enable()\ninput()")

    assert not program.session().path.startswith(f"{runtime}/pikos/")
    assert not list(tmp_path.iterdir())


def test_a_server_of_another_program_is_not_replaced(start, runtime):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(runtime / "chosen"))
        listening.listen()
        inode = os.stat(runtime / "chosen").st_ino

        program = start(f"RealTimeProfiler('ipc://{runtime}/chosen').enable()")
        returned, _, errors = program.end()

        assert returned == 1
        assert "AddressError" in errors
        assert os.stat(runtime / "chosen").st_ino == inode
