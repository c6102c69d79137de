"""The files that know no Python, compiled for musl: its loader takes them (C19)."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from build import LEAF, ROOT
from support.deadlines import LONG_DEADLINE_S

COMPILER = shutil.which("musl-gcc")

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no musl-gcc (musl-tools)")

LOADER = """
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++)
        puts(dlopen(arguments[i], RTLD_NOW) == NULL ? dlerror() : "loaded");
    return 0;
}
"""

THREAD_LOCAL = "_Thread_local int here; int *pk_here(void) { return &here; }"


@pytest.fixture
def compile_(tmp_path):
    def compile_(name, *arguments):
        made = tmp_path / name
        command = [COMPILER, "-std=c11", "-D_GNU_SOURCE", *arguments, "-o", made]
        subprocess.run(command, check=True, timeout=LONG_DEADLINE_S)
        return made

    return compile_


def test_the_leaf_files_are_loaded_while_a_program_runs(compile_, tmp_path):
    """And a library of initial-exec variables is not, which is why setup.py tries it."""
    (tmp_path / "loader.c").write_text(LOADER)
    (tmp_path / "local.c").write_text(THREAD_LOCAL)
    shared = ("-shared", "-fPIC")
    leaf = [ROOT / "ext" / f"{name}.c" for name in LEAF]
    libraries = [
        compile_("leaf.so", *shared, f"-I{ROOT / 'ext'}", *leaf),
        compile_("plain.so", *shared, tmp_path / "local.c"),
        compile_("initial.so", *shared, "-ftls-model=initial-exec", tmp_path / "local.c"),
    ]
    loader = compile_("loader", tmp_path / "loader.c")

    done = subprocess.run(
        [loader, *libraries], capture_output=True, text=True, check=True, timeout=LONG_DEADLINE_S
    )

    assert done.stdout.splitlines()[:2] == ["loaded", "loaded"]
    assert "initial-exec TLS" in done.stdout.splitlines()[2]
