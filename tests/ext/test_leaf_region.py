"""Memory that a file backs: its growth, what is left of it, and what happens where none is left."""

from __future__ import annotations

import ctypes as c
import os
import resource
import signal
import stat
import subprocess
import sys

import pytest
from leaf import Region

MIB = 1 << 20
LIMIT = 256 * MIB

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files back it on Linux only")


@pytest.fixture
def region(leaf):
    made = Region()
    assert leaf.pk_region_open(made, LIMIT) == 0
    yield made
    leaf.pk_region_close(made)


@pytest.fixture
def tiny(tmp_path):
    """A file system in memory that has room for 1 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def take(leaf, region, content):
    at = leaf.pk_region_take(region, len(content), 8)
    if at:
        c.memmove(at, content, len(content))
    return at


def back(leaf, region, path):
    return leaf.pk_region_back(region, os.fsencode(path))


def content(region):
    return c.string_at(region.base, region.used)


def test_room_is_zeroed_and_stays_where_it_is_while_the_region_grows(leaf, region):
    pieces = [take(leaf, region, bytes([number]) * 100_000) for number in range(1, 200)]

    assert all(
        c.string_at(at, 100_000) == bytes([number]) * 100_000 for number, at in enumerate(pieces, 1)
    )
    fresh = leaf.pk_region_take(region, MIB, 4096)
    assert fresh % 4096 == 0
    assert c.string_at(fresh, MIB) == bytes(MIB)


def test_what_is_written_is_in_the_file_at_once(leaf, region, tmp_path):
    path = tmp_path / "ledger"
    take(leaf, region, b"before it had a file")

    assert back(leaf, region, path) == 0
    later = [take(leaf, region, os.urandom(300_000)) for _ in range(20)]

    assert all(later)
    assert path.read_bytes()[: region.used] == content(region)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["ledger"]


def test_every_byte_of_the_file_is_allocated(leaf, region, tmp_path):
    back(leaf, region, tmp_path / "ledger")
    leaf.pk_region_take(region, 3 * MIB, 8)

    facts = (tmp_path / "ledger").stat()

    assert facts.st_size == region.ready
    assert facts.st_blocks * 512 >= facts.st_size


def test_a_region_that_is_backed_again_leaves_the_file_before_as_it_is(leaf, region, tmp_path):
    take(leaf, region, b"one")
    back(leaf, region, tmp_path / "first")

    assert back(leaf, region, tmp_path / "second") == 0
    c.memmove(region.base, b"two", 3)

    assert (tmp_path / "first").read_bytes()[:3] == b"one"
    assert (tmp_path / "second").read_bytes()[:3] == b"two"


def test_another_region_takes_the_place_of_a_file(leaf, region, tmp_path):
    other = Region()
    assert leaf.pk_region_open(other, LIMIT) == 0
    take(leaf, region, b"old")
    take(leaf, other, b"new")
    back(leaf, region, tmp_path / "ledger")

    assert back(leaf, other, tmp_path / "ledger") == 0

    assert (tmp_path / "ledger").read_bytes()[:3] == b"new"
    assert content(region) == b"old"
    leaf.pk_region_close(other)


@pytest.mark.parametrize("there", ["file", "link"])
def test_what_stands_in_the_way_is_not_written_to(leaf, region, tmp_path, there):
    victim = tmp_path / "victim"
    victim.write_bytes(b"not ours")
    if there == "link":
        (tmp_path / "ledger.new").symlink_to(victim)
    else:
        (tmp_path / "ledger.new").write_bytes(b"not ours")
    take(leaf, region, b"content")

    assert back(leaf, region, tmp_path / "ledger") == -1

    assert victim.read_bytes() == (tmp_path / "ledger.new").read_bytes() == b"not ours"
    assert not (tmp_path / "ledger").exists()
    assert content(region) == b"content"


def test_a_full_file_system_is_given_up_and_nothing_is_lost(leaf, region, tiny):
    pieces = [os.urandom(100_000) for _ in range(50)]
    take(leaf, region, b"x" * 8)
    assert back(leaf, region, tiny / "ledger") == 0

    assert all(take(leaf, region, piece) for piece in pieces)

    assert content(region) == b"x" * 8 + b"".join(pieces)
    assert not region.backed
    assert (tiny / "ledger").read_bytes()[:64] == bytes(64)


def test_a_full_file_system_backs_nothing_and_is_left_clean(leaf, region, tiny):
    assert take(leaf, region, b"x" * 2 * MIB)

    assert back(leaf, region, tiny / "ledger") == -1

    assert content(region) == b"x" * 2 * MIB
    assert not list(tiny.iterdir())


def test_the_limit_on_files_kills_nobody(leaf, region, tmp_path):
    """RLIMIT_FSIZE is heeded before SIGXFSZ would be sent."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))
        fine = back(leaf, region, tmp_path / "ledger") == 0
        fine = fine and all(take(leaf, region, b"x" * 100_000) for _ in range(50))
        os._exit(0 if fine and not region.backed else 1)

    assert os.waitpid(child, 0)[1] == 0


def test_a_descriptor_that_the_program_took_is_neither_used_nor_closed(leaf, region, tmp_path):
    """A program may close all descriptors, and open files of its own where they were."""
    back(leaf, region, tmp_path / "ledger")
    theirs = os.open(tmp_path / "theirs", os.O_RDWR | os.O_CREAT)
    os.dup2(theirs, region.file)
    taken = region.file

    assert take(leaf, region, b"x" * 2 * MIB)

    assert not region.backed
    assert os.fstat(taken).st_size == 0
    os.close(taken)
    os.close(theirs)


def test_in_a_forked_child_the_region_is_another_one(leaf, region, tmp_path):
    at = take(leaf, region, b"parent" * 100_000)
    back(leaf, region, tmp_path / "ledger")
    child = os.fork()
    if child == 0:
        fine = leaf.pk_region_replace(region) == 0 and not region.backed and region.used == 0
        again = leaf.pk_region_take(region, 600_000, 8)
        fine = fine and again == at and c.string_at(again, 600_000) == bytes(600_000)
        c.memset(again, 0xFF, 600_000)
        os._exit(0 if fine else 1)

    assert os.waitpid(child, 0)[1] == 0

    assert content(region) == b"parent" * 100_000
    assert (tmp_path / "ledger").read_bytes()[: region.used] == b"parent" * 100_000


def test_a_killed_process_leaves_what_it_wrote_last(leaf, region, tmp_path):
    counter = leaf.pk_region_take(region, 8, 8)
    back(leaf, region, tmp_path / "ledger")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for number in range(1, 1_000_000):
            c.c_uint64.from_address(counter).value = number
            if number == 1000:
                os.write(writer, b"x")
                os.kill(os.getpid(), signal.SIGKILL)
    os.read(reader, 1)

    assert os.waitpid(child, 0)[1] == signal.SIGKILL

    assert int.from_bytes((tmp_path / "ledger").read_bytes()[:8], sys.byteorder) == 1000
    os.close(reader)
    os.close(writer)


def test_every_allocation_may_fail(leaf, variant):
    if variant == "tsan":
        pytest.skip("allocations fail in the other variants")
    region = Region()
    for left in range(3):
        leaf.driver_fail_allocation(left)
        opened = leaf.pk_region_open(region, LIMIT) == 0
        taken = opened and take(leaf, region, b"x")
        assert bool(leaf.driver_failure_pending()) == bool(taken)
        leaf.driver_fail_allocation(-1)
        assert not opened or take(leaf, region, b"y")
        leaf.pk_region_close(region)


def test_more_than_was_reserved_is_refused(leaf, region):
    assert not leaf.pk_region_take(region, LIMIT + 1, 8)
    assert leaf.pk_region_take(region, LIMIT, 8)
    assert not leaf.pk_region_take(region, 1, 1)
