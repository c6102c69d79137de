"""RealTimeProfiler: counts, nests, publishes, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import pstats
import socket
import subprocess
import sys
import threading
import weakref
from contextlib import redirect_stdout
from pathlib import Path

import pytest
import zmq
from support.deadlines import DEADLINE_S
from support.waiting import calls_of, hear_until, wait_until

from pikos.api import RealTimeProfiler, real_time_profiler
from pikos.errors import AddressError, KeyFileError
from pikos.live import runtime, sessions, subscribe
from pikos.monitors.monitor import Monitor
from pikos.real_time import Profile, publication
from pikos.wire.messages import Bye, Hello

PF_EXITING = 0x4  # of Linux's include/linux/sched.h: set before who joins the thread is woken


def work(n=3):
    return [leaf() for _ in range(n)]


def leaf():
    return None


def counts(profiler):
    """Calls by name of function."""
    profiler.snapshot_stats()
    return {name: row[1] for (_, _, name), row in profiler.stats.items()}


@pytest.fixture
def make(runtime):
    """Makes profilers with a short interval, and closes them."""
    made = weakref.WeakSet()

    def make(*args, **settings):
        profiler = RealTimeProfiler(*args, **{"interval": 0.02, **settings})
        made.add(profiler)
        return profiler

    yield make
    for profiler in made:
        profiler.close()


@pytest.fixture
def keys(runtime):
    """Directory as ``pikos keygen`` makes it."""
    directory = runtime / "keys"
    directory.mkdir(mode=0o700)
    for side in ("server", "client"):
        public, secret = zmq.curve_keypair()
        (directory / f"{side}.public").write_bytes(public)
        (directory / f"{side}.secret").write_bytes(secret)
        (directory / f"{side}.secret").chmod(0o600)
    return directory


def is_running(task):
    """Whether a thread runs; one that has been joined may be listed for a moment still."""
    try:
        flags = (task / "stat").read_text().rpartition(")")[2].split()[6]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return not int(flags) & PF_EXITING


def held():
    """The threads of this process and how many descriptors it has, without those of garbage."""
    gc.collect()
    threads = {task.name for task in Path("/proc/self/task").iterdir() if is_running(task)}
    return threads, len(list(Path("/proc/self/fd").iterdir()))


def assert_nothing_is_left_since(before):
    """No thread is new; those of an earlier test may have ended meanwhile."""
    (threads, descriptors), (threads_before, descriptors_before) = held(), before
    assert threads - threads_before == set()
    assert descriptors == descriptors_before


def assert_nothing_is_on(profiler, runtime):
    assert not profiler.enabled
    assert profiler.publishing() is None
    assert profiler.address is None
    assert profiler.stream is None
    assert not list((runtime / "pikos").glob("*"))


def test_it_is_a_profile_and_a_monitor(make):
    profiler = make()

    assert isinstance(profiler, Profile)
    assert isinstance(profiler, Monitor)


def test_entering_it_gives_it_and_counts_the_body_exactly(make):
    with make() as profiler:
        work(7)

    work(5)

    assert isinstance(profiler, RealTimeProfiler)
    assert counts(profiler)["leaf"] == 7
    assert counts(profiler)["work"] == 1


def test_it_publishes_where_only_this_user_reaches_and_is_listed(make):
    with make() as profiler:
        (session,) = sessions.list_sessions()

        assert session.address == profiler.address
        assert session.pid == profiler.pid == os.getpid()
        assert list(session.argv) == sys.argv
        assert profiler.address == f"ipc://{session.path}/s"
        assert Path(session.path, "s").is_socket()
        assert len(profiler.stream) == 16


def test_it_goes_on_publishing_while_disabled(make):
    profiler = make()
    profiler.enable()
    work(2)
    profiler.disable()

    with subscribe(profiler.address) as messages:
        snapshot = hear_until(messages, lambda s: calls_of(s, "leaf") == 2, "what was counted")

    assert snapshot.session.enabled == 0
    assert snapshot.stream == profiler.stream


def test_before_the_first_enable_nothing_is_published(make, runtime):
    profiler = make()

    assert_nothing_is_on(profiler, runtime)


def test_only_the_outermost_pair_acts(make):
    profiler = make()

    with profiler:
        with profiler:
            work(1)
        assert profiler.enabled
        work(1)

    assert not profiler.enabled
    assert counts(profiler)["leaf"] == 2


def test_disable_without_enable_does_nothing(make):
    profiler = make()

    profiler.disable()
    with profiler:
        work(1)
    profiler.disable()
    with profiler:
        work(1)

    assert counts(profiler)["leaf"] == 2


def test_pairs_of_several_threads_only_nest(make):
    profiler = make()
    inside, leave = threading.Barrier(3), threading.Event()

    def body():
        with profiler:
            inside.wait(DEADLINE_S)
            leave.wait(DEADLINE_S)
            work(1)

    others = [threading.Thread(target=body) for _ in range(2)]
    with profiler:
        for other in others:
            other.start()
        inside.wait(DEADLINE_S)
    assert profiler.enabled
    leave.set()
    for other in others:
        other.join(DEADLINE_S)

    assert not profiler.enabled
    assert counts(profiler)["leaf"] == 2


def test_many_threads_enabling_at_once_begin_one_session(make):
    profiler = make()
    start = threading.Barrier(8)

    def body():
        start.wait(DEADLINE_S)
        for _ in range(50):
            with profiler:
                pass

    others = [threading.Thread(target=body) for _ in range(8)]
    for other in others:
        other.start()
    for other in others:
        other.join(DEADLINE_S)

    assert not profiler.enabled
    assert len(sessions.list_sessions()) == 1


def test_statistics_are_readable_while_it_counts_and_do_not_stop_it(make):
    text = io.StringIO()
    with make() as profiler:
        work(2)
        with redirect_stdout(text):
            profiler.print_stats()
        assert profiler.enabled
        work(1)

    assert "leaf" in text.getvalue()
    assert counts(profiler)["leaf"] == 3


def test_statistics_are_readable_after_it_was_closed(make, tmp_path):
    with make() as profiler:
        work(4)
    profiler.close()

    profiler.dump_stats(str(tmp_path / "x.pstats"))

    saved = pstats.Stats(str(tmp_path / "x.pstats")).stats
    assert {key[2]: row[1] for key, row in saved.items()}["leaf"] == 4


def test_run_runctx_and_runcall_profile(make):
    profiler = make()

    assert profiler.runcall(work, 2) == [None, None]
    profiler.runctx("work(n)", {"work": work}, {"n": 3})

    assert counts(profiler)["leaf"] == 5


def test_a_viewer_hears_who_is_speaking(make, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["prog\udcff.py", "--x"])
    with make() as profiler, subscribe(profiler.address) as messages:
        hello = next(message for message in messages if isinstance(message, Hello))

    facts = dict(hello.facts)
    assert facts.pop("started_unix_ns") > 1.6e18
    assert facts.pop("mechanism") in {"sys.monitoring", "PyEval_SetProfile"}
    assert facts.pop("clock") in {"tsc", "monotonic"}
    assert facts.pop("pikos")
    assert facts.pop("argv")[1] == "--x"
    assert facts == {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "executable": sys.executable,
        "python": sys.version.split()[0],
        "interval_ns": 20_000_000,
        "threads": True,
        "builtins": True,
    }


@pytest.mark.parametrize(
    ("settings", "clock"),
    [({"clock": "cpu"}, "cpu"), ({"clock": "monotonic"}, "monotonic"), ({"timer": int}, "timer")],
)
def test_the_hello_names_the_clock(make, settings, clock):
    with make(**settings) as profiler, subscribe(profiler.address) as messages:
        hello = next(message for message in messages if isinstance(message, Hello))

    assert hello.facts["clock"] == clock


def test_an_endless_command_line_is_cut_short(make, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["\U0001f600" * 100_000] * 1000)

    with make() as profiler:
        (session,) = sessions.list_sessions()

    assert profiler.address == session.address


def test_an_interpreter_without_a_command_line_is_no_obstacle(make, monkeypatch):
    monkeypatch.delattr(sys, "argv")

    with make() as profiler:
        assert profiler.address


def test_closing_says_goodbye_after_a_last_snapshot_and_removes_everything(make, runtime):
    profiler = make(interval=60.0)
    with profiler, subscribe(profiler.address) as messages:
        hear_until(messages, lambda s: s.complete, "the first snapshot")
        work(3)
        profiler.disable()
        profiler.close()
        last = hear_until(messages, lambda s: s.ended is not None, "goodbye")

    assert last.ended == "closed"
    assert calls_of(last, "leaf") == 3
    assert_nothing_is_on(profiler, runtime)


def test_closing_stops_the_counting_too(make):
    profiler = make()
    with profiler:
        work(1)
        profiler.close()
        work(1)
        assert not profiler.enabled

    assert counts(profiler)["leaf"] == 1


def test_closing_twice_or_before_anything_is_fine(make):
    profiler = make()

    profiler.close()
    with profiler:
        pass
    profiler.close()
    profiler.close()


def test_enabled_again_after_closing_it_begins_another_session(make):
    profiler = make()
    with profiler:
        work(1)
        first = profiler.stream, profiler.address
    profiler.close()

    with profiler:
        work(1)
        second = profiler.stream, profiler.address

    assert not set(first) & set(second)
    assert counts(profiler)["leaf"] == 2


def test_a_profiler_that_is_dropped_says_goodbye_and_leaves_nothing(make, runtime):
    profiler = make()
    with profiler:
        pass
    with subscribe(profiler.address) as messages:
        hear_until(messages, lambda s: s.complete, "the first snapshot")
        dropped = weakref.ref(profiler)
        del profiler
        gc.collect()
        last = hear_until(messages, lambda s: s.ended is not None, "goodbye")

    assert dropped() is None
    assert last.ended == "the profiler is gone"
    assert not list((runtime / "pikos").glob("*"))


def test_without_publishing_it_only_profiles(make, runtime):
    with make(publish=False) as profiler:
        work(2)
        assert profiler.publishing() is None
        assert profiler.address is None

    assert counts(profiler)["leaf"] == 2
    assert not (runtime / "pikos").exists()


def test_waiting_for_a_viewer_is_bounded(make):
    """B18."""
    with make(wait_for_viewer=0.05) as profiler:
        assert profiler.publishing()["viewers"] is False


def test_waiting_for_a_viewer_ends_when_one_comes_and_nothing_is_counted_before(make):
    profiler = make(wait_for_viewer=DEADLINE_S)
    seen = []

    def view():
        (session,) = wait_until(sessions.list_sessions, "the session")
        seen.append(profiler.enabled)
        with subscribe(session.address) as messages:
            seen.append(hear_until(messages, lambda s: calls_of(s, "leaf") == 3, "all calls"))

    viewer = threading.Thread(target=view)
    viewer.start()
    with profiler:
        work(3)
    viewer.join(DEADLINE_S)

    assert seen[0] is False
    assert not viewer.is_alive()


def test_only_the_first_enable_waits(make):
    profiler = make(wait_for_viewer=0.05)
    with profiler:
        pass
    profiler._wait_s = 60.0

    with profiler:
        pass


def test_an_interrupted_wait_leaves_nothing_on(make, runtime, monkeypatch):
    profiler = make(wait_for_viewer=DEADLINE_S)

    def interrupted(timeout_s):
        raise KeyboardInterrupt

    monkeypatch.setattr(profiler, "wait_for_viewer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        profiler.enable()

    assert_nothing_is_on(profiler, runtime)


def test_a_second_profiler_is_refused_by_name_and_leaves_nothing_on(make, runtime):
    second = make()
    with make() as first:
        with pytest.raises(ValueError, match="RealTimeProfiler"):
            second.enable()

        assert first.enabled
        assert [session.address for session in sessions.list_sessions()] == [first.address]
        assert second.publishing() is None

    with second:
        work(1)
    assert counts(second)["leaf"] == 1


def test_a_port_in_use_is_refused_before_anything_is_on(make, runtime):
    """B18."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        profiler = make(f"tcp://127.0.0.1:{taken.getsockname()[1]}")
        before = held()

        with pytest.raises(AddressError, match="in use") as refused:
            profiler.enable()

        assert refused.value.address == f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        assert_nothing_is_on(profiler, runtime)
        assert_nothing_is_left_since(before)

    with profiler:
        work(1)
    assert counts(profiler)["leaf"] == 1


def test_a_path_in_use_is_refused_and_its_owner_unharmed(make, runtime):
    path = runtime / "chosen"
    with make(f"ipc://{path}") as first:
        first.disable()
        second = make(f"ipc://{path}")

        with pytest.raises(AddressError, match="live profiler"):
            second.enable()

        assert not second.enabled
        with subscribe(first.address) as messages:
            hear_until(messages, lambda s: s.stream == first.stream, "the first one")


def test_a_file_at_the_path_is_refused_and_kept(make, runtime):
    precious = runtime / "precious"
    precious.write_text("data")
    profiler = make(f"ipc://{precious}")

    with pytest.raises(AddressError, match="not a socket"):
        profiler.enable()

    assert precious.read_text() == "data"
    assert_nothing_is_on(profiler, runtime)


def test_a_chosen_path_is_used_listed_and_removed(make, runtime):
    path = runtime / "chosen"
    with make(f"ipc://{path}") as profiler:
        assert profiler.address == f"ipc://{path}"
        assert path.is_socket()
        assert [session.address for session in sessions.list_sessions()] == [profiler.address]

    profiler.close()

    assert not list(runtime.glob("chosen*"))
    assert_nothing_is_on(profiler, runtime)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_port_that_is_left_open_is_told(make, host):
    if host == "[::1]" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with make(f"tcp://{host}") as profiler:
        work(1)
        assert profiler.address.startswith(f"tcp://{host}:")
        assert profiler.address.rpartition(":")[2].isdecimal()
        with subscribe(profiler.address) as messages:
            hear_until(messages, lambda s: calls_of(s, "leaf") == 1, "the call")


def test_an_address_is_published_on_where_no_session_directory_can_be_made(make, monkeypatch):
    def refused():
        raise AddressError("ipc://", "read-only")

    monkeypatch.setattr(runtime, "runtime_directory", refused)

    with make("tcp://127.0.0.1") as profiler:
        assert profiler.address
    with pytest.raises(AddressError, match="read-only"):
        make().enable()


@pytest.mark.parametrize(
    "address", ["tcp://*:5555", "ipc://@abstract", "inproc://x", "http://x", f"ipc:///{'x' * 107}"]
)
def test_an_address_that_is_not_safe_is_refused_when_made(runtime, address):
    with pytest.raises(AddressError):
        RealTimeProfiler(address)


@pytest.mark.parametrize(
    "settings",
    [
        {"interval": 0},
        {"interval": -1.0},
        {"interval": float("nan")},
        {"interval": float("inf")},
        {"wait_for_viewer": -1.0},
        {"wait_for_viewer": float("inf")},
        {"clock": "sundial"},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(runtime, settings):
    (name,) = settings

    with pytest.raises(ValueError, match=name):
        RealTimeProfiler(**settings)


def test_keys_let_in_whom_they_name_and_nobody_else(make, keys):
    with make("tcp://127.0.0.1", keys=keys) as profiler:
        work(2)
        with subscribe(profiler.address, keys=keys) as messages:
            hear_until(messages, lambda s: calls_of(s, "leaf") == 2, "all calls")
        with subscribe(profiler.address) as stranger:
            assert stranger.receive(0.3) is None


def test_with_keys_other_machines_may_be_let_in(make, keys):
    with make("tcp://0.0.0.0", keys=keys) as profiler:
        assert profiler.address.startswith("tcp://0.0.0.0:")


def test_keys_that_others_may_read_leave_nothing_on(make, runtime, keys):
    (keys / "server.secret").chmod(0o644)
    profiler = make(keys=keys)

    with pytest.raises(KeyFileError):
        profiler.enable()

    assert_nothing_is_on(profiler, runtime)


@pytest.fixture
def never_abandoned(monkeypatch):
    """Wait for the end of a publishing thread that gets no processor; else it is left as it is."""
    monkeypatch.setattr(publication, "_STOP_DEADLINE_S", DEADLINE_S)


def test_nothing_is_held_after_a_thousand_pairs(make):
    profiler = make()
    with profiler:
        pass
    before = held()

    for _ in range(1000):
        profiler.enable()
        profiler.disable()

    assert_nothing_is_left_since(before)


@pytest.mark.usefixtures("never_abandoned")
def test_nothing_is_held_after_many_sessions(make):
    profiler = make()
    with profiler:
        pass
    profiler.close()
    before = held()

    for _ in range(100):
        with profiler:
            pass
        profiler.close()

    assert_nothing_is_left_since(before)


def test_attached_to_a_recursive_function_it_counts_each_call_once(make):
    profiler = make()

    @profiler.attach
    def factorial(n):
        leaf()
        return n * factorial(n - 1) if n else 1

    assert factorial(5) == 120
    assert not profiler.enabled
    assert counts(profiler)["leaf"] == 6
    assert counts(profiler)["factorial"] == 6


def test_attached_to_a_generator_it_counts_only_while_that_runs(make):
    profiler = make()

    @profiler.attach
    def generate():
        for _ in range(3):
            leaf()
            yield

    for _ in generate():
        assert not profiler.enabled
        leaf()

    assert counts(profiler)["leaf"] == 3


def test_attached_to_coroutines_it_counts_only_while_they_run(make):
    profiler = make()

    @profiler.attach
    async def wait(n):
        for _ in range(n):
            leaf()
            await asyncio.sleep(0)

    @profiler.attach
    async def generate():
        leaf()
        yield
        leaf()

    async def main():
        await asyncio.gather(wait(2), wait(3))
        async for _ in generate():
            assert not profiler.enabled
            leaf()

    asyncio.run(main())

    assert counts(profiler)["leaf"] == 7


def test_nothing_of_its_own_is_counted(make):
    profiler = make()

    @profiler.attach
    def outer():
        with profiler:
            inner()

    @profiler.attach
    def inner():
        leaf()

    outer()

    assert set(counts(profiler)) <= {"outer", "inner", "leaf"}


@pytest.mark.parametrize("form", ["bare", "called", "with settings"])
def test_the_decorator_of_the_front_door_profiles_a_function(runtime, form):
    decorate = {
        "bare": real_time_profiler,
        "called": real_time_profiler(),
        "with settings": real_time_profiler(interval=0.5, publish=False),
    }[form]

    @decorate
    def body(n):
        """Documented."""
        return work(n)

    assert body(2) == [None, None]
    assert body.__doc__ == "Documented."
    assert counts(body.monitor)["leaf"] == 2
    assert (body.monitor.address is None) == (form == "with settings")
    body.monitor.close()


def test_the_decorator_takes_no_settings_without_their_names():
    with pytest.raises(TypeError):
        real_time_profiler("tcp://127.0.0.1")


def test_the_front_door_imports_nothing_until_it_is_asked():
    program = (
        "import sys, pikos.api\n"
        "assert not {'pikos._lsprof', 'zmq', 'pikos.real_time'} & set(sys.modules)\n"
        "assert pikos.api.RealTimeProfiler.__name__ == 'RealTimeProfiler'\n"
        "assert 'zmq' not in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=DEADLINE_S)


def test_the_front_door_has_no_other_names():
    import pikos.api

    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        pikos.api.nothing_of_that_name  # noqa: B018 - to look is to ask


def test_without_the_extension_it_is_imported_but_cannot_be_made():
    program = (
        "import sys; sys.modules['pikos._lsprof'] = None\n"
        "from pikos.api import RealTimeProfiler, real_time_profiler\n"
        "from pikos.errors import ExtensionMissing\n"
        "for make in (RealTimeProfiler, real_time_profiler):\n"
        "    try: make()\n"
        "    except ExtensionMissing as error: print(error)\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        timeout=DEADLINE_S,
        capture_output=True,
        text=True,
    )

    assert ran.stdout.count("--with-real-time-lsprof") == 2
    assert ran.stderr == ""


def test_a_message_that_ends_a_session_ends_the_iteration(make):
    profiler = make()
    with profiler, subscribe(profiler.address, timeout=DEADLINE_S) as messages:
        hear_until(messages, lambda s: s.complete, "the first snapshot")
        profiler.close()

        assert isinstance(list(messages)[-1], Bye)


def test_printing_an_exception_that_ends_the_program_is_not_counted(python, write, runtime):
    """R4: the block is left before the interpreter prints it."""
    write(
        "script.py",
        """
        import atexit
        from pikos.api import RealTimeProfiler

        class Odd(Exception):
            def __str__(self): return "odd"

        def work(): raise Odd

        def show():
            print(sorted(getattr(entry.code, "co_name", "a built-in") for entry in p.getstats()))

        p = RealTimeProfiler()
        atexit.register(show)
        with p:
            work()
        """,
    )

    done = python("script.py")

    assert (done.returncode, done.stdout) == (1, "['work']\n")
    assert done.stderr.endswith("Odd: odd\n")
