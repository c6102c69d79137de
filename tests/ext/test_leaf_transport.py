"""Which libzmq is taken, and who gets in."""

from __future__ import annotations

import ctypes as c
import os
import uuid

import build
import pytest
import zmq

UNREACHED_S = 0.5


def bind(leaf, path):
    bound = c.create_string_buffer(leaf.driver_size_of(b"zmq"))
    error = c.create_string_buffer(256)
    answer = leaf.pk_zmq_bind(bound, path, error, len(error))
    return answer, error.value.decode()


def test_a_libzmq_before_4_3_3_is_refused(leaf):
    answer, error = bind(leaf, os.fsencode(build.old_libzmq()))

    assert answer == -1
    assert "4.3.2" in error


def test_a_library_that_is_not_libzmq_is_refused_by_the_missing_name(leaf, variant):
    answer, error = bind(leaf, os.fsencode(build.leaf_library(variant)))

    assert answer == -1
    assert "zmq_version" in error


def test_a_missing_library_is_refused_by_its_name(leaf):
    answer, error = bind(leaf, b"/nowhere/libzmq.so")

    assert answer == -1
    assert "/nowhere/libzmq.so" in error


def test_without_a_path_an_unlinked_build_says_so(leaf):
    answer, error = bind(leaf, None)

    assert answer == -1
    assert "not linked" in error


def test_an_endpoint_that_cannot_be_bound_is_told_with_the_reason(publish, ledger):
    with pytest.raises(OSError, match=r"ipc:///nowhere/at/all: No such file"):
        publish(ledger, "ipc:///nowhere/at/all")


def test_a_port_in_use_is_told_with_the_reason(publish, ledger):
    first = publish(ledger, "tcp://127.0.0.1:0")

    with pytest.raises(OSError, match="in use"):
        publish(ledger, first.endpoint)


def test_the_bound_port_is_told(publish, ledger):
    publisher = publish(ledger, "tcp://127.0.0.1:0")

    assert int(publisher.endpoint.rpartition(":")[2]) > 0


def test_no_child_process_inherits_a_descriptor(publish, ledger):
    before = set(os.listdir("/proc/self/fd"))
    publish(ledger)

    for number in set(os.listdir("/proc/self/fd")) - before:
        try:
            inheritable = os.get_inheritable(int(number))
        except OSError:  # the one that listed the directory
            continue
        assert not inheritable


class Keys:
    """Key pairs of a server and two clients."""

    def __init__(self):
        self.server_public, self.server_secret = zmq.curve_keypair()
        self.friend_public, self.friend_secret = zmq.curve_keypair()
        self.stranger_public, self.stranger_secret = zmq.curve_keypair()

    def friend(self):
        return {
            "curve_serverkey": self.server_public,
            "curve_publickey": self.friend_public,
            "curve_secretkey": self.friend_secret,
        }

    def stranger(self):
        return {
            "curve_serverkey": self.server_public,
            "curve_publickey": self.stranger_public,
            "curve_secretkey": self.stranger_secret,
        }


@pytest.fixture
def keys(leaf, library):
    if not zmq.has("curve") or not leaf.pk_zmq_has_curve(library):
        pytest.skip("this libzmq has no CURVE")
    return Keys()


@pytest.fixture
def guarded(publish, ledger, keys):
    return publish(
        ledger,
        "tcp://127.0.0.1:0",
        server_secret=keys.server_secret,
        clients=[keys.friend_public],
    )


def test_a_known_key_receives(guarded, viewers, keys):
    viewer = viewers(guarded.endpoint, **keys.friend())

    assert viewer.message() is not None


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_a_key_that_is_not_known_receives_nothing(guarded, viewers, keys, who):
    outsider = viewers(guarded.endpoint, **(keys.stranger() if who == "stranger" else {}))
    friend = viewers(guarded.endpoint, **keys.friend())

    assert friend.message() is not None
    assert outsider.raw(UNREACHED_S) is None


def test_with_no_client_named_nobody_gets_in(publish, ledger, viewers, keys):
    publisher = publish(ledger, "tcp://127.0.0.1:0", server_secret=keys.server_secret, clients=[])

    assert viewers(publisher.endpoint, **keys.friend()).raw(UNREACHED_S) is None
    assert not publisher.facts().viewers


@pytest.mark.parametrize("bad", [b"short", b"!" * 39, b"\\" * 40])
def test_a_key_that_is_none_is_refused(publish, ledger, keys, bad):
    with pytest.raises(OSError, match="cannot publish"):
        publish(ledger, "tcp://127.0.0.1:0", server_secret=keys.server_secret, clients=[bad])
    with pytest.raises(OSError, match="cannot publish"):
        publish(ledger, "tcp://127.0.0.1:0", server_secret=bad, clients=[keys.friend_public])


def test_a_viewer_that_sends_too_much_is_cut_off_and_others_go_on(publish, ledger, viewers):
    publisher = publish(ledger)
    viewer = viewers(publisher.endpoint)
    viewer.keyframe()
    loud = viewers(publisher.endpoint)
    loud.socket.setsockopt(zmq.SUBSCRIBE, uuid.uuid4().bytes * 1000)

    for _ in range(3):
        viewer.snapshot()

    assert publisher.facts().viewers
