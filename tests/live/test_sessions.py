"""Finding sessions: whom the directories are believed, and what is swept away."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from support.deadlines import DEADLINE_S

from pikos.errors import AddressError, SessionNotFound
from pikos.live import dead_sessions, runtime as runtime_module, session_lock, sessions
from pikos.live.runtime import runtime_directory
from pikos.publishing.session_directory import SessionDirectory

HEX = "0123456789abcdef"


@pytest.fixture
def session(runtime):
    made = SessionDirectory.make()
    made.announce(made.endpoint, ["program.py", "--fast"], 17)
    yield made
    made.remove()


def dead_directory(runtime, name=f"999999999-{HEX}"):
    """What a killed process leaves."""
    directory = runtime / "pikos" / name
    directory.mkdir(parents=True, mode=0o700)
    directory.parent.chmod(0o700)
    directory.chmod(0o700)
    for file in ("lock", "session.json", "s"):
        (directory / file).write_text("")
    return directory


def test_the_directory_is_made_below_the_users_runtime_directory_for_this_user_alone(runtime):
    directory = Path(runtime_directory())

    assert directory == runtime / "pikos"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_without_a_runtime_directory_it_is_a_directory_of_the_user_in_the_temporary_one(
    runtime, monkeypatch
):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime / "not there"))
    monkeypatch.setattr(runtime_module, "_SYSTEM_RUNTIME", str(runtime / "nor there"))

    assert runtime_directory() == os.path.join(tempfile.gettempdir(), f"pikos-{os.geteuid()}")


def shared_memory(runtime, monkeypatch):
    """A directory in the place of /dev/shm, where neither variable of the environment is set."""
    made = runtime / "shm"
    made.mkdir(mode=0o1777)
    for name in ("XDG_RUNTIME_DIR", "TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(runtime_module, "_SYSTEM_RUNTIME", str(runtime / "not there"))
    monkeypatch.setattr(runtime_module, "_TEMPORARY", (str(runtime / "tmp"),))
    monkeypatch.setattr(runtime_module, "_SHARED_MEMORY", str(made))
    return made


def test_without_a_runtime_directory_it_is_in_shared_memory_for_this_user_alone(
    runtime, monkeypatch
):
    made = shared_memory(runtime, monkeypatch)

    directory = Path(runtime_directory())

    assert directory == made / f"pikos-{os.geteuid()}"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("why_not", ["planted", "too small", "not there", "TMPDIR is set"])
def test_it_is_in_the_temporary_directory_where_shared_memory_will_not_do(
    runtime, monkeypatch, why_not
):
    made = shared_memory(runtime, monkeypatch)
    match why_not:
        case "planted":
            (made / f"pikos-{os.geteuid()}").symlink_to(runtime / "tmp")
        case "too small":
            monkeypatch.setattr(runtime_module, "_SHARED_MEMORY_MIN", 1 << 60)
        case "not there":
            made.rmdir()
        case "TMPDIR is set":
            monkeypatch.setenv("TMPDIR", str(runtime / "tmp"))

    assert runtime_directory() == str(runtime / "tmp" / f"pikos-{os.geteuid()}")


@pytest.mark.parametrize("variable", ["", "relative/path"])
def test_a_runtime_directory_that_is_not_absolute_is_not_used(runtime, monkeypatch, variable):
    monkeypatch.setenv("XDG_RUNTIME_DIR", variable)
    monkeypatch.setattr(runtime_module, "_SYSTEM_RUNTIME", str(runtime / "not there"))

    assert os.path.dirname(runtime_directory()) == tempfile.gettempdir()


@pytest.mark.parametrize("plant", ["link", "open", "file"])
def test_a_planted_directory_is_not_used_but_a_fresh_one(runtime, plant):
    planted = runtime / "pikos"
    elsewhere = runtime / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    match plant:
        case "link":
            planted.symlink_to(elsewhere)
        case "open":
            planted.mkdir()
            planted.chmod(0o755)
        case "file":
            planted.write_text("precious")

    directory = Path(runtime_directory())

    assert directory not in {planted, elsewhere}
    assert session_lock.is_private_directory(directory)
    assert not list(elsewhere.iterdir())


def test_a_directory_of_another_user_is_not_private(runtime, monkeypatch):
    directory = Path(runtime_directory())
    monkeypatch.setattr(os, "geteuid", lambda: directory.stat().st_uid + 1)

    assert not session_lock.is_private_directory(directory)


def test_when_every_usual_directory_is_planted_a_fresh_one_is_made_once_and_found_again(
    runtime, monkeypatch
):
    (runtime / "pikos").write_text("")
    Path(tempfile.gettempdir(), f"pikos-{os.geteuid()}").write_text("")
    monkeypatch.setattr(runtime_module, "_SYSTEM_RUNTIME", str(runtime / "not there"))

    made = SessionDirectory.make()
    made.announce(made.endpoint, [], 1)

    assert os.path.dirname(made.path) == runtime_directory()
    assert [session.path for session in sessions.list_sessions()] == [made.path]
    made.remove()


def test_a_directory_too_deep_for_a_socket_is_passed_over(runtime, monkeypatch):
    deep = runtime / ("d" * 90)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))

    endpoint = SessionDirectory.make().endpoint

    assert len(endpoint.removeprefix("ipc://")) <= runtime_module.SOCKET_PATH_MAX


@pytest.mark.parametrize("length", [70, 90, 200])
@pytest.mark.parametrize("name", ["TMPDIR", "TEMP", "TMP"])
def test_a_temporary_directory_too_deep_for_a_socket_is_as_one_that_is_not_there(
    runtime, monkeypatch, length, name
):
    """P30: the session is found by viewers that have another one, too."""
    made = shared_memory(runtime, monkeypatch)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime / ("x" * 100)))
    deep = runtime / ("d" * length)
    deep.mkdir()
    monkeypatch.setenv(name, str(deep))

    directory = SessionDirectory.make()
    directory.announce(directory.endpoint, [], 1)
    monkeypatch.delenv(name)

    assert os.path.dirname(directory.path) == str(made / f"pikos-{os.geteuid()}")
    assert [session.path for session in sessions.list_sessions()] == [directory.path]
    directory.remove()


def test_when_every_directory_is_too_deep_the_error_says_what_to_shorten(runtime, monkeypatch):
    deep = runtime / ("d" * 90)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setenv("TMPDIR", str(deep))
    monkeypatch.setattr(runtime_module, "_SYSTEM_RUNTIME", str(deep))
    monkeypatch.setattr(runtime_module, "_SHARED_MEMORY", str(deep))
    monkeypatch.setattr(runtime_module, "_TEMPORARY", (str(deep),))
    monkeypatch.chdir(deep)

    with pytest.raises(AddressError, match="shorter"):
        runtime_directory()

    assert not list(deep.iterdir())


def test_a_live_session_is_listed_as_it_announced_itself(session):
    (found,) = sessions.list_sessions()

    assert found == sessions.Session(
        os.getpid(), session.endpoint, ("program.py", "--fast"), 17, session.path
    )


def test_sessions_are_listed_from_the_oldest(session):
    older = SessionDirectory.make()
    older.announce(older.endpoint, [], 16)

    started = [found.started_unix_ns for found in sessions.list_sessions()]

    older.remove()
    assert started == [16, 17]


def test_files_of_a_session_are_readable_by_nobody_else(session):
    """B17."""
    modes = {stat.S_IMODE(path.stat().st_mode) for path in Path(session.path).iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE(Path(session.path).stat().st_mode) == 0o700


def test_a_session_that_was_removed_is_listed_no_more(runtime):
    made = SessionDirectory.make()
    made.announce(made.endpoint, [], 1)

    made.remove()

    assert sessions.list_sessions() == ()
    assert not Path(made.path).exists()


def test_a_dead_session_is_swept_away_with_its_files(runtime):
    directory = dead_directory(runtime)

    assert sessions.list_sessions() == ()
    assert not directory.exists()


def test_a_dead_session_whose_process_id_lives_again_is_swept_too(runtime):
    """B20."""
    directory = dead_directory(runtime, f"{os.getpid()}-{HEX}")

    assert sessions.list_sessions() == ()
    assert not directory.exists()


def test_beginning_a_session_sweeps_dead_ones(runtime):
    directory = dead_directory(runtime)

    SessionDirectory.make().remove()

    assert not directory.exists()


def test_a_session_whose_process_was_killed_is_swept(runtime):
    program = (
        "import os, signal; from pikos.publishing.session_directory import SessionDirectory\n"
        "made = SessionDirectory.make(); made.announce(made.endpoint, [], 1)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], check=False, timeout=DEADLINE_S)
    assert len(list((runtime / "pikos").iterdir())) == 1

    assert sessions.list_sessions() == ()
    assert not list((runtime / "pikos").iterdir())


@pytest.fixture
def killed(runtime):
    """Make directories of processes that were killed and had counted something."""

    def killed(pid=999999999, token=HEX):
        directory = dead_directory(runtime, f"{pid}-{token}")
        (directory / "ledger").write_bytes(b"pikosLGR" + bytes(100))
        facts = {**GOOD, "address": f"ipc://{directory}/s"}
        (directory / "session.json").write_text(json.dumps(facts))
        return directory

    return killed


def test_the_last_state_of_a_killed_process_is_kept_and_found(killed):
    directory = killed()

    assert sessions.list_sessions() == ()
    (found,) = sessions.gone_sessions()

    assert (found.pid, found.path, found.argv) == (999999999, str(directory), ("a",))
    assert abs(found.gone_unix_ns / 1e9 - time.time()) < DEADLINE_S
    for target in (found.pid, str(found.pid), found.path, found.address):
        assert sessions.gone_session(target) == found
    assert stat.S_IMODE((directory / "gone").stat().st_mode) == 0o600


def test_it_is_swept_when_it_is_old(killed):
    directory = killed()
    sessions.list_sessions()
    old = time.time() - dead_sessions.KEEP_S - 1
    os.utime(directory / "gone", (old, old))

    SessionDirectory.make().remove()

    assert not directory.exists()
    assert sessions.gone_sessions() == ()


def test_no_more_than_sixteen_are_kept_and_the_oldest_go(killed):
    made = []
    for number in range(dead_sessions.KEEP_MAX + 3):
        made.append(killed(token=f"{number:016x}"))
        sessions.list_sessions()
        os.utime(made[-1] / "gone", (time.time() - 100 + number,) * 2)

    found = sessions.gone_sessions()

    assert [one.path for one in found] == [str(path) for path in reversed(made[3:])]
    assert not any(path.exists() for path in made[:3])


def test_ledgers_that_take_too_much_room_go_but_for_the_newest(killed, monkeypatch):
    monkeypatch.setattr(dead_sessions, "KEEP_BYTES_MAX", 100)
    older, newer = killed(token="0" * 16), killed(token="1" * 16)
    sessions.list_sessions()
    os.utime(newer / "gone", (time.time() + 1,) * 2)

    assert [one.path for one in sessions.gone_sessions()] == [str(newer)]
    assert not older.exists()


def test_a_ledger_that_was_given_up_is_not_kept(killed):
    directory = killed()
    (directory / "ledger").write_bytes(bytes(200))

    assert sessions.gone_sessions() == ()
    assert not directory.exists()


def test_a_killed_session_is_known_also_when_its_process_id_lives_again(killed):
    """B20."""
    directory = killed(os.getpid())

    assert sessions.list_sessions() == ()
    assert sessions.gone_session(os.getpid()).path == str(directory)


def test_a_process_id_names_the_live_session_before_one_that_is_gone(killed, session):
    directory = killed(os.getpid())

    assert sessions.gone_session(os.getpid()) is None
    assert sessions.find(os.getpid()) == (session.endpoint,)
    assert sessions.gone_session(str(directory)).path == str(directory)


def test_an_address_outside_of_its_directory_does_not_name_a_session_that_is_gone(killed):
    """Another program may publish there by now."""
    facts = killed() / "session.json"
    facts.write_text(json.dumps({**GOOD, "address": "tcp://127.0.0.1:5555"}))

    assert len(sessions.gone_sessions()) == 1
    assert sessions.gone_session("tcp://127.0.0.1:5555") is None


def test_a_killed_process_is_reported_once(killed):
    directory = killed()
    sessions.list_sessions()

    assert [dead_sessions.must_report(str(directory)) for _ in range(3)] == [True, False, False]


def test_a_link_in_place_of_the_mark_is_not_followed(killed, runtime):
    directory, precious = killed(), runtime / "precious"
    precious.write_text("")
    (directory / "gone").symlink_to(precious)

    sessions.list_sessions()

    assert not dead_sessions.must_report(str(directory))
    assert precious.read_text() == ""


def test_sweeping_leaves_what_no_session_has(runtime):
    directory = dead_directory(runtime)
    (directory / "precious").write_text("data")

    sessions.list_sessions()

    assert (directory / "precious").read_text() == "data"


@pytest.mark.parametrize("name", ["notes", "12-short", f"x-{HEX}", f"12-{HEX}0", f"012-{HEX}"])
def test_what_is_not_named_like_a_session_is_left_alone(runtime, name):
    directory = dead_directory(runtime, name)

    assert sessions.list_sessions() == ()
    assert (directory / "lock").exists()


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_session_directory_that_others_may_enter_is_not_believed(session, mode):
    Path(session.path).chmod(mode)

    assert sessions.list_sessions() == ()
    assert Path(session.path).exists()


def test_a_link_in_place_of_a_session_directory_is_not_followed(runtime, session):
    elsewhere = runtime / "elsewhere"
    Path(session.path).rename(elsewhere)
    Path(session.path).symlink_to(elsewhere)

    assert sessions.list_sessions() == ()
    assert (elsewhere / "session.json").exists()


def test_a_link_in_place_of_the_facts_is_not_followed(runtime, session):
    facts = Path(session.path) / "session.json"
    facts.rename(runtime / "elsewhere.json")
    facts.symlink_to(runtime / "elsewhere.json")

    assert sessions.list_sessions() == ()


def test_a_pipe_in_place_of_the_facts_does_not_hang(session):
    facts = Path(session.path) / "session.json"
    facts.unlink()
    os.mkfifo(facts, 0o600)

    assert sessions.list_sessions() == ()


GOOD = {"pid": 1, "address": "ipc:///x", "argv": ["a"], "started_unix_ns": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        f'{{"pid": {"9" * 5000}}}',
        json.dumps({**GOOD, "address": ["ipc:///x"]}),
        json.dumps({**GOOD, "address": ""}),
        json.dumps({**GOOD, "argv": "a"}),
        json.dumps({**GOOD, "argv": [1]}),
        json.dumps({**GOOD, "started_unix_ns": "1"}),
        json.dumps({**GOOD, "padding": "x" * sessions.FACTS_MAX}),
        json.dumps({key: GOOD[key] for key in ("pid", "argv", "address")}),
    ],
)
def test_facts_that_make_no_sense_are_left_out(session, text):
    (Path(session.path) / "session.json").write_text(text)

    assert sessions.list_sessions() == ()
    assert Path(session.path).exists()


def test_the_process_id_is_that_of_the_directory_whatever_the_facts_say(session):
    (Path(session.path) / "session.json").write_text(json.dumps({**GOOD, "pid": 1}))

    (found,) = sessions.list_sessions()

    assert found.pid == os.getpid()


def test_a_session_that_is_not_announced_yet_is_not_listed_and_not_swept(runtime):
    made = SessionDirectory.make()

    assert sessions.list_sessions() == ()
    assert Path(made.path).exists()
    made.remove()


def test_looking_does_not_take_the_session_for_dead_while_another_looks(session):
    with (Path(session.path) / "lock").open("rb") as looking:
        assert not session_lock.try_lock(looking.fileno(), shared=True)
        assert session_lock.is_alive(session.path)


def test_who_looks_at_a_dead_session_is_not_taken_for_its_owner(runtime):
    directory = dead_directory(runtime)

    with (directory / "lock").open("rb") as looking:
        assert session_lock.try_lock(looking.fileno(), shared=True)
        assert not session_lock.is_alive(directory)


def test_a_dead_session_that_another_looks_at_is_swept_later(runtime):
    directory = dead_directory(runtime)

    with (directory / "lock").open("rb") as looking:
        session_lock.try_lock(looking.fileno(), shared=True)
        sessions.list_sessions()
        assert directory.exists()

    sessions.list_sessions()
    assert not directory.exists()


def test_an_empty_directory_of_a_process_that_ended_while_making_it_is_swept(runtime):
    directory = dead_directory(runtime)
    for file in directory.iterdir():
        file.unlink()

    sessions.list_sessions()

    assert not directory.exists()


def test_an_empty_directory_of_a_process_that_lives_is_left_to_it(runtime):
    directory = dead_directory(runtime, f"{os.getpid()}-{HEX}")
    for file in directory.iterdir():
        file.unlink()

    sessions.list_sessions()

    assert directory.exists()


def test_a_child_that_lets_go_of_its_parents_session_leaves_it_alive(session):
    child = os.fork()
    if not child:
        session.forget()
        session.remove()
        os._exit(0 if Path(session.path).exists() else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert session_lock.is_alive(session.path)


def test_a_program_started_by_another_does_not_hold_its_session(session):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        session.forget()
        alive = session_lock.is_alive(session.path)
        child.communicate(b"\n", timeout=DEADLINE_S)

    assert not alive


@pytest.mark.parametrize("kind", [int, str])
def test_a_process_id_names_the_addresses_of_its_sessions(session, kind):
    assert sessions.find(kind(os.getpid())) == (session.endpoint,)


def test_an_address_names_itself():
    assert sessions.find("tcp://127.0.0.1:5555") == ("tcp://127.0.0.1:5555",)


def test_a_session_directory_names_its_address(session):
    assert sessions.find(session.path) == (session.endpoint,)


def test_the_path_of_a_socket_names_it(runtime, monkeypatch):
    monkeypatch.chdir(runtime)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")

        assert sessions.find("s") == (f"ipc://{runtime / 's'}",)


def test_a_process_without_a_session_is_not_found_and_the_error_names_those_that_are(session):
    with pytest.raises(SessionNotFound, match=str(os.getpid())):
        sessions.find(1)


@pytest.mark.parametrize("target", ["nothing", "/", "", "-1", "9" * 5000, "x\0y"])
def test_what_names_nothing_is_not_found(runtime, target):
    with pytest.raises(SessionNotFound):
        sessions.find(target)


def test_finding_sessions_needs_neither_zmq_nor_the_extension():
    program = (
        "import sys; import pikos.live.sessions as s; s.list_sessions()\n"
        "assert not {'zmq', 'pikos._lsprof', 'pikos.real_time'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=DEADLINE_S)
