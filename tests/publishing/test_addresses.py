"""Which addresses are published on, and which are refused with a reason."""

from __future__ import annotations

import pytest

from pikos.errors import AddressError
from pikos.publishing.addresses import checked


@pytest.mark.parametrize(
    ("address", "bindable"),
    [
        ("tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555"),
        ("tcp://127.0.0.1:*", "tcp://127.0.0.1:*"),
        ("tcp://127.0.0.1:0", "tcp://127.0.0.1:*"),
        ("tcp://127.0.0.1", "tcp://127.0.0.1:*"),
        ("tcp://127.0.0.2:65535", "tcp://127.0.0.2:65535"),
        ("tcp://[::1]:5555", "tcp://[::1]:5555"),
        ("tcp://[::1]", "tcp://[::1]:*"),
    ],
)
def test_loopback_needs_no_keys_and_an_open_port_is_chosen_by_the_system(address, bindable):
    assert checked(address, keys=False) == bindable


@pytest.mark.parametrize(
    "address",
    ["tcp://0.0.0.0:5555", "tcp://*:5555", "tcp://192.168.1.2:5555", "tcp://[::]:1", "tcp://*:*"],
)
def test_other_machines_are_let_in_with_keys_only(address):
    with pytest.raises(AddressError, match="keygen"):
        checked(address, keys=False)

    assert checked(address, keys=True) == address


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("tcp://localhost:5555", "host 'localhost'"),
        ("tcp://eth0:5555", "host 'eth0'"),
        ("tcp://:5555", "host ''"),
        ("tcp://", "host ''"),
        ("tcp://[127.0.0.1]:1", r"host '\[127.0.0.1\]'"),
        ("tcp://127.1:1", "host '127.1'"),
        ("tcp://127.0.0.1 :1", "host '127.0.0.1 '"),
        ("tcp://[nonsense]:1", r"host '\[nonsense\]'"),
        ("tcp://::1:5555", r"\[::1\]"),
        ("tcp://127.0.0.1:5:6", "not HOST:PORT"),
        ("tcp://127.0.0.1:http", "port 'http'"),
        ("tcp://127.0.0.1:-1", "port '-1'"),
        ("tcp://127.0.0.1:65536", "65536"),
        ("tcp://127.0.0.1:123456", "port '123456'"),
        ("tcp://127.0.0.1:\u0665", "port"),
        ("tcp://127.0.0.1:5555;tcp://*:1", "not HOST:PORT"),
        ("inproc://name", "neither"),
        ("udp://127.0.0.1:5555", "neither"),
        ("pgm://x", "neither"),
        ("127.0.0.1:5555", "neither"),
        ("/run/socket", "neither"),
        ("TCP://127.0.0.1:5555", "neither"),
        (" tcp://127.0.0.1:5555", "neither"),
        ("", "neither"),
        ("ipc://", "not the path"),
        ("ipc://*", "not the path"),
        ("ipc:///x\0y", "not the path"),
        ("ipc://@name", "abstract"),
        (5555, "not a string"),
        (b"tcp://127.0.0.1:5555", "not a string"),
    ],
)
@pytest.mark.parametrize("keys", [False, True])
def test_what_is_no_address_is_refused_by_its_name(address, complaint, keys):
    with pytest.raises(AddressError, match=complaint) as refused:
        checked(address, keys=keys)

    assert refused.value.address in {address, repr(address)}
    assert "give" in refused.value.reason


def test_a_path_is_made_absolute(runtime, monkeypatch):
    monkeypatch.chdir(runtime)

    assert checked("ipc://socket", keys=False) == f"ipc://{runtime}/socket"


def test_a_path_of_the_longest_size_is_taken_and_one_byte_more_is_refused(runtime):
    longest = f"{runtime}/".ljust(107, "x")

    assert checked(f"ipc://{longest}", keys=False) == f"ipc://{longest}"
    with pytest.raises(AddressError, match="108 bytes"):
        checked(f"ipc://{longest}x", keys=False)


def test_the_size_of_a_path_is_counted_in_bytes(runtime):
    with pytest.raises(AddressError, match="bytes"):
        checked(f"ipc://{runtime}/{'é' * 50}", keys=False)


def test_a_path_in_a_directory_that_is_not_there_is_refused(runtime):
    with pytest.raises(AddressError, match="make it"):
        checked(f"ipc://{runtime}/nowhere/s", keys=False)


def test_a_path_below_a_file_is_refused(runtime):
    (runtime / "file").write_text("")

    with pytest.raises(AddressError):
        checked(f"ipc://{runtime}/file/s", keys=False)


def test_a_path_whose_directory_any_user_may_change_is_refused_unless_sticky(runtime):
    shared = runtime / "shared"
    shared.mkdir()

    shared.chmod(0o777)
    with pytest.raises(AddressError, match="replace"):
        checked(f"ipc://{shared}/s", keys=False)

    shared.chmod(0o1777)
    assert checked(f"ipc://{shared}/s", keys=False)
