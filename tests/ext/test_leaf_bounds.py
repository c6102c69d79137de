"""How many contexts there is room for."""

from __future__ import annotations

import subprocess
import sys

import build
import pytest

MIB = 1 << 20
CONTEXTS = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).pk_bounds_contexts())"
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)"


def contexts(limit=None):
    """What a process may have whose address space is limited."""
    program = CONTEXTS if limit is None else CONTEXTS.replace(";", f"; {LIMITED};", 1)
    command = [sys.executable, "-c", program, str(build.leaf_library("plain")), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.usefixtures("leaf")
def test_contexts_take_a_sixteenth_of_what_the_process_may_have():
    assert 16_384 <= contexts() <= 1 << 20
    assert contexts(640 * MIB) == min(contexts(), 640 * MIB // 16 // 200)
    assert contexts(40 * MIB) == 16_384
