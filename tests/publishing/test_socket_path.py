"""Claiming the path of a socket: nothing there is destroyed, and no name is stolen."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest
from support.deadlines import DEADLINE_S

from pikos.errors import AddressError
from pikos.publishing.socket_path import SocketPath


@pytest.fixture
def path(runtime):
    return runtime / "s"


def bound(path):
    """A socket bound at path, as libzmq would bind one there."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    made.listen()
    return made


def inode(path):
    return path.lstat().st_ino


def test_a_free_path_is_claimed_and_left_as_it_was(path):
    claim = SocketPath(path)
    with bound(path):
        claim.bound()

    claim.release()

    assert not list(path.parent.glob("s*"))


def test_a_claim_that_was_never_bound_leaves_nothing(path):
    SocketPath(path).release()

    assert not list(path.parent.glob("s*"))


@pytest.mark.parametrize("thing", ["file", "directory", "link", "dangling link", "pipe"])
def test_what_is_not_a_socket_is_refused_and_left_alone(path, thing):
    target = path.with_name("target")
    match thing:
        case "file":
            path.write_text("precious")
        case "directory":
            path.mkdir()
        case "link":
            target.write_text("precious")
            path.symlink_to(target)
        case "dangling link":
            path.symlink_to(target)
        case "pipe":
            os.mkfifo(path)
    before = inode(path)

    with pytest.raises(AddressError, match="not a socket"):
        SocketPath(path)

    assert inode(path) == before
    assert not path.with_name("s.lock").exists()


def test_a_path_whose_profiler_lives_is_refused(path):
    first = SocketPath(path)
    with bound(path):
        first.bound()

        with pytest.raises(AddressError, match="live profiler"):
            SocketPath(path)

        assert path.exists()
    first.release()


def test_a_path_that_was_claimed_but_is_not_bound_yet_is_refused(path):
    first = SocketPath(path)

    with pytest.raises(AddressError, match="live profiler"):
        SocketPath(path)
    first.release()


def test_a_path_where_another_program_listens_is_refused(path):
    with bound(path):
        before = inode(path)

        with pytest.raises(AddressError, match="another program listens"):
            SocketPath(path)

        assert inode(path) == before
    assert not path.with_name("s.lock").exists()


def test_a_path_where_another_program_is_too_busy_to_answer_is_refused(path):
    with bound(path) as listening:
        listening.listen(0)
        waiting = []
        for _ in range(64):
            caller = socket.socket(socket.AF_UNIX)
            caller.settimeout(0)
            waiting.append(caller)
            if caller.connect_ex(str(path)):
                break

        with pytest.raises(AddressError, match="another program listens"):
            SocketPath(path)

        for caller in waiting:
            caller.close()


def test_the_dead_socket_of_another_program_is_refused_and_left_alone(path):
    bound(path).close()
    before = inode(path)

    with pytest.raises(AddressError, match="no Pikos profiler left"):
        SocketPath(path)

    assert inode(path) == before
    assert not path.with_name("s.lock").exists()


def test_the_socket_of_a_killed_profiler_is_replaced(path):
    program = (
        "import os, pathlib, signal, socket, sys\n"
        "from pikos.publishing.socket_path import SocketPath\n"
        "path = pathlib.Path(sys.argv[1]); claim = SocketPath(path)\n"
        "made = socket.socket(socket.AF_UNIX); made.bind(sys.argv[1]); made.listen()\n"
        "claim.bound(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(path)], check=False, timeout=DEADLINE_S
    )
    assert killed.returncode == -signal.SIGKILL
    assert path.is_socket()

    claim = SocketPath(path)

    assert not path.exists()
    claim.release()
    assert not list(path.parent.glob("s*"))


def test_a_lock_file_of_another_program_is_refused_and_left_alone(path):
    lock = path.with_name("s.lock")
    lock.write_text("pid 17\n")

    with pytest.raises(AddressError, match="no lock file of ours"):
        SocketPath(path)

    assert lock.read_text() == "pid 17\n"


def test_a_link_in_place_of_the_lock_file_is_refused(path):
    victim = path.with_name("victim")
    victim.write_text("")
    path.with_name("s.lock").symlink_to(victim)

    with pytest.raises(AddressError, match="no lock file can be made"):
        SocketPath(path)

    assert victim.read_text() == ""


def test_a_pipe_in_place_of_the_lock_file_is_refused_without_waiting(path):
    os.mkfifo(path.with_name("s.lock"))

    with pytest.raises(AddressError):
        SocketPath(path)


def test_a_socket_that_replaced_ours_is_not_removed(path):
    claim = SocketPath(path)
    bound(path).close()
    claim.bound()
    with bound(path):
        theirs = inode(path)

        claim.release()

        assert inode(path) == theirs


def test_a_socket_that_was_bound_again_after_a_fork_is_removed(path):
    claim = SocketPath(path)
    bound(path).close()
    claim.bound()
    claim.bound_again()
    path.rename(path.with_name("first"))
    bound(path).close()

    claim.release()

    assert not path.exists()


def test_a_live_socket_that_took_the_place_of_ours_after_a_fork_is_not_removed(path):
    claim = SocketPath(path)
    bound(path).close()
    claim.bound()
    claim.bound_again()
    with bound(path):
        claim.release()

        assert path.exists()


def test_a_child_that_forgets_the_claim_leaves_it_to_its_parent(path):
    claim = SocketPath(path)
    with bound(path):
        claim.bound()
        child = os.fork()
        if not child:
            claim.forget()
            claim.release()
            os._exit(0 if path.exists() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

        with pytest.raises(AddressError, match="live profiler"):
            SocketPath(path)
    claim.release()
