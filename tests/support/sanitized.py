"""A copy of the package whose extension is built with sanitizers, and what runs a program on it."""

from __future__ import annotations

import ast
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "-std=c11",
    "-g",
    "-O1",
    "-fPIC",
    "-shared",
    "-pthread",
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
    "-DPK_TEST_ALLOC",
]
RUNTIMES = ("libasan.so", "libubsan.so")
ALLOCATIONS_LEFT = "long pk_alloc_left = -1;\n"
"""What ``ext/alloc.h`` leaves to the tests to define."""


class NoSanitizer(Exception):
    """Why there is none."""


def compiler() -> str:
    asked = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    for name in (shlex.split(asked)[0], "gcc"):
        found = shutil.which(name)
        if found:
            return found
    raise NoSanitizer("there is no C compiler")


def runtimes() -> str:
    """The libraries that must be loaded before a program that is not built with sanitizers."""
    found = []
    for name in RUNTIMES:
        command = [compiler(), f"-print-file-name={name}"]
        path = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        if not os.path.isabs(path):
            raise NoSanitizer(f"the compiler {compiler()} has no {name}")
        found.append(path)
    return " ".join(found)


def build(directory: Path) -> Path:
    """Copy the package into a directory, with its extensions built; returns its root."""
    package = directory / "pikos"
    shutil.copytree(ROOT / "pikos", package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    driver = directory / "allocations_left.c"
    driver.write_text(ALLOCATIONS_LEFT)
    ext = ROOT / "ext"
    _compile(package / "_lsprof", [*sorted(ext.glob("*.c")), driver])
    shared = [ext / f"{name}.c" for name in _of_both()]
    _compile(package / "_events", [*sorted(ext.glob("monitors/*.c")), *shared, driver])
    return directory


def _of_both() -> tuple[str, ...]:
    """The C files of both extensions, as ``setup.py`` has them."""
    for statement in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "SHARED":
            return ast.literal_eval(statement.value)
    raise LookupError("setup.py: SHARED")


def _compile(module: Path, sources: list[Path]) -> None:
    library = f"{module}{sysconfig.get_config_var('EXT_SUFFIX')}"
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{ROOT / 'ext'}"]
    command = [compiler(), *FLAGS, *includes, *map(str, sources), "-ldl", "-o", library]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def environment(root: Path) -> dict[str, str]:
    """In which this interpreter runs with the package at root, and with what it was built for."""
    return {
        **os.environ,
        "LD_PRELOAD": runtimes(),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": os.pathsep.join(map(str, (root, *sys.path))),
        "PIKOS_HAZARDS_ROOT": str(root),
    }
