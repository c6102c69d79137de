"""Compiles the C files that know no Python into one library, plain or with a sanitizer.

A library is made once per content of its sources, under ``build/leaf``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "leaf"
LEAF = (
    "bounds",
    "chains",
    "children",
    "clock",
    "digest",
    "forked",
    "ledger",
    "ledger_file",
    "map",
    "memory",
    "merge",
    "native",
    "open_calls",
    "publisher",
    "record",
    "region",
    "snapshot",
    "transport",
    "wire",
)
FLAGS = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-g",
    "-fPIC",
    "-shared",
    "-fno-omit-frame-pointer",
    "-pthread",
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
    "-Werror",
]
VARIANTS = {
    "plain": ["-O2", "-DPK_TEST_ALLOC"],
    "asan": [
        "-O1",
        "-DPK_TEST_ALLOC",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=undefined",
    ],
    "tsan": ["-O1", "-fsanitize=thread"],
}
RUNTIMES = {"asan": ("libasan.so", "libubsan.so"), "tsan": ("libtsan.so",)}


def compiler() -> str | None:
    """The C compiler: ``CC``, or the first that is there."""
    asked = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    for name in (asked.split()[0], "gcc", "cc", "clang"):
        found = shutil.which(name)
        if found:
            return found
    return None


def compile_library(name: str, sources: list[Path], flags: list[str]) -> Path:
    """Compile sources into a shared library, unless that was done before."""
    command = [compiler() or "cc", *flags]
    content = hashlib.sha256(repr(command).encode())
    for path in sorted({*sources, *(ROOT / "ext").glob("*.h")}):
        content.update(path.read_bytes())
    library = CACHE / f"{name}-{content.hexdigest()[:16]}.so"
    if not library.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        for stale in {*CACHE.glob(f"{name}-*.so")} - {library}:  # another process may be first
            stale.unlink(missing_ok=True)
        half = library.with_suffix(f".{os.getpid()}")
        arguments = [*map(str, sources), "-I", str(ROOT / "ext"), "-ldl", "-o", str(half)]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{name} does not compile:\n{done.stderr}")
        half.replace(library)
    return library


def leaf_library(variant: str) -> Path:
    """The leaf files and the tests' driver as one library."""
    sources = [ROOT / "ext" / f"{name}.c" for name in LEAF]
    sources.append(Path(__file__).with_name("driver.c"))
    return compile_library(f"leaf-{variant}", sources, FLAGS + VARIANTS[variant])


def old_libzmq() -> Path:
    """A library that says it is libzmq 4.3.2."""
    source = Path(__file__).with_name("old_libzmq.c")
    return compile_library("old-libzmq", [source], ["-std=c11", "-shared", "-fPIC"])


def runtime(variant: str) -> list[str] | None:
    """The sanitizer's libraries that a program must load first, or None if they are missing."""
    found = []
    for name in RUNTIMES[variant]:
        answer = subprocess.run(
            [compiler() or "cc", f"-print-file-name={name}"],
            capture_output=True,
            text=True,
            check=True,
        )
        path = Path(answer.stdout.strip())
        if not path.is_absolute():
            return None
        found.append(str(path))
    return found
