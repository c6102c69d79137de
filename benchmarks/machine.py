"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import NamedTuple

from benchmarks.tools import TOOLS
from benchmarks.viewer import ROOT
from pikos import _lsprof


class Machine(NamedTuple):
    """Machine, interpreter and commit."""

    processor: str
    cores: int
    system: str
    python: str
    build: str
    """How the interpreter was optimised: figures of differently built ones do not compare."""
    clock: str
    mechanism: str
    extension_compiler: str
    commit: str
    peers: str


def this_machine() -> Machine:
    """Look at where this runs."""
    return Machine(
        _processor(),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        system(),
        platform.python_version(),
        _build(),
        _lsprof.clock()[0],
        _lsprof.mechanism()[0],
        str(_lsprof.built_with()["compiler"]),
        _commit(),
        ", ".join(f"{tool.name} {tool.version()}" for tool in TOOLS if tool.version()),
    )


def system() -> str:
    """Give the system's name and version, without what the machine's owner calls the build."""
    version = re.match(r"[0-9.]*[0-9]", platform.release())
    return f"{platform.system()} {version[0]}" if version else platform.system()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _build() -> str:
    flags = f"{sysconfig.get_config_var('PY_CFLAGS')} {sysconfig.get_config_var('PY_CORE_CFLAGS')}"
    options = str(sysconfig.get_config_var("CONFIG_ARGS"))
    level = next((flag for flag in reversed(flags.split()) if flag.startswith("-O")), "-O?")
    guided = "PGO" if "--enable-optimizations" in options or "-fprofile-use" in flags else "no PGO"
    linked = "LTO" if "--with-lto" in options or "-flto" in flags else "no LTO"
    return f"{level}, {guided}, {linked}"


def _commit() -> str:
    try:
        head = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", "ext", "pikos", "setup.py")
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return f"{head}{' with changes' if changed else ''}"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()
