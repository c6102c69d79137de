"""``pikos doctor``: tell what this installation is made of, and what is the matter with it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from typing import TYPE_CHECKING, NamedTuple

import pikos
from pikos.errors import AddressError, ExtensionMissing, LibzmqUnusable
from pikos.live.runtime import runtime_directory
from pikos.live.sessions import list_sessions
from pikos.monitors import sources
from pikos.real_time.libzmq import bind_libzmq

if TYPE_CHECKING:
    import argparse
    from types import ModuleType

HELP = "tell what this installation is made of, and what is the matter with it"


class Finding(NamedTuple):
    """One line of the report."""

    subject: str
    fact: str
    remedy: str | None = None
    """What to do; None where all is well."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the verb has no options."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Print the findings; the answer is 1 if one of them keeps the profiler from working."""
    del options
    findings = [*_packages(), *_extension(), _monitors(), _runtime_directory()]
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        print(f"{finding.subject:<{width}}  {finding.fact}")
        if finding.remedy is not None:
            print(f"{'':<{width}}  -> {finding.remedy}")
    return int(any(finding.remedy is not None for finding in findings))


def _packages() -> list[Finding]:
    """What is written in Python, and what runs it."""
    build = " ".join(platform.python_build())
    where = os.path.dirname(pikos.__file__)
    python = f"{platform.python_implementation()} {platform.python_version()} ({build})"
    return [
        Finding("pikos", f"{pikos.__version__} in {where}"),
        Finding("python", f"{python}, {sys.executable}"),
        Finding("platform", platform.platform()),
        *(_package(name) for name in ("pyzmq", "psutil")),
    ]


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", f"pip install {name}")


def _extension() -> list[Finding]:
    """The C extension, the libzmq that it uses, and what it chose to measure and count with."""
    try:
        from pikos import _lsprof as extension
    except ImportError as error:
        missing = ExtensionMissing(str(error))
        return [Finding("extension", f"not there: {missing.reason}", missing.remedy)]
    return [
        Finding("extension", f"{extension.__file__} (built with {_builder(extension)})"),
        _libzmq(extension),
        Finding("clock", _with_reason(extension.clock())),
        Finding("events", _with_reason(extension.mechanism())),
    ]


def _monitors() -> Finding:
    """What makes the records of monitors; of one monitor its ``mechanism`` says so."""
    mechanism, events = sources.in_use()
    own = "" if mechanism != "C" else ", but Python for recorders, filters and monitors of your own"
    return Finding("monitors", f"{mechanism}{own}; events by {events}")


def _builder(extension: ModuleType) -> str:
    built = extension.built_with()
    libzmq = built["libzmq"]
    return f"compiler {built['compiler']}, {f'libzmq {libzmq}' if libzmq else 'no libzmq'}"


def _libzmq(extension: ModuleType) -> Finding:
    try:
        bind_libzmq(extension)
    except LibzmqUnusable as error:
        return Finding("libzmq", f"unbound: {error}", "pip install --upgrade pyzmq")
    facts = extension.libzmq()
    path = facts["path"] or "found by the system's loader"
    curve = "with CURVE" if facts["curve"] else "without CURVE: no tcp:// to other hosts"
    return Finding("libzmq", f"{facts['how']}, {facts['version']}, {path}, {curve}")


def _runtime_directory() -> Finding:
    try:
        return Finding("sessions", f"{len(list_sessions())} live, in {runtime_directory()}")
    except AddressError as error:
        return Finding("sessions", f"no directory for them: {error}", "set XDG_RUNTIME_DIR")


def _with_reason(choice: tuple[str, str]) -> str:
    name, reason = choice
    return f"{name}: {reason}"
