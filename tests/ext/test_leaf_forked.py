"""Processes that were forked tell of themselves in memory that they share."""

from __future__ import annotations

import ctypes as c
import os

import pytest

ROOM = 500


def read(leaf):
    processes, more = (c.c_int32 * ROOM)(), c.c_size_t()
    count = leaf.pk_forked_read(processes, c.byref(more))
    return processes[:count], more.value


@pytest.fixture
def forked(leaf):
    """The leaf, whose page is empty: it is the process's, and is used in this file alone."""
    assert leaf.pk_forked_begin() == 0
    for process in read(leaf)[0]:
        leaf.pk_forked_remove(process)
    return leaf


def test_what_a_child_says_is_read_by_its_parent(forked):
    """R3."""
    child = os.fork()
    if not child:
        try:
            forked.pk_forked_add(os.getpid())
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert read(forked) == ([child], 0)


def test_a_process_is_taken_out_once_and_others_stay(forked):
    """R3."""
    for process in (11, 12, 12):
        forked.pk_forked_add(process)
    forked.pk_forked_remove(12)
    forked.pk_forked_remove(13)

    assert read(forked)[0] == [11, 12]


def test_more_than_there_is_room_for_are_counted(forked):
    """R3."""
    for process in range(1, 2 * ROOM + 1):
        forked.pk_forked_add(process)
    processes, more = read(forked)

    assert len(processes) + more >= 2 * ROOM - 3
    assert more >= ROOM
