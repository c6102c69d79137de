"""How much memory the process uses, as C and as psutil see it."""

from __future__ import annotations

import ctypes as c
import fcntl
import mmap
import sys

import psutil
import pytest
from leaf import Memory

SLACK_PAGES = 64

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/statm is Linux's")


@pytest.fixture
def memory(leaf):
    opened = Memory()
    leaf.pk_memory_open(opened)
    yield opened
    leaf.pk_memory_close(opened)


def look(leaf, memory):
    rss, vms = c.c_int64(), c.c_int64()
    leaf.pk_memory_read(memory, rss, vms)
    return rss.value, vms.value


def test_memory_is_what_psutil_says(leaf, memory):
    process = psutil.Process()
    process.memory_info()
    look(leaf, memory)

    seen = process.memory_info()
    rss, vms = look(leaf, memory)

    assert abs(rss - seen.rss) <= SLACK_PAGES * mmap.PAGESIZE
    assert abs(vms - seen.vms) <= SLACK_PAGES * mmap.PAGESIZE


def test_memory_grows_with_what_is_touched(leaf, memory):
    size = 64 << 20
    before, _ = look(leaf, memory)

    with mmap.mmap(-1, size) as room:
        for at in range(0, size, mmap.PAGESIZE):
            room[at] = 1
        after, _ = look(leaf, memory)

    assert after - before > size * 0.9


def test_no_child_process_inherits_the_descriptor(memory):
    assert fcntl.fcntl(memory.descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC


def test_a_closed_memory_reports_zeros(leaf):
    memory = Memory()
    leaf.pk_memory_open(memory)
    leaf.pk_memory_close(memory)

    assert look(leaf, memory) == (0, 0)
