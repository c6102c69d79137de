"""The rules of the house: who may import and include whom, and what is nowhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON_FILES = sorted((ROOT / "pikos").rglob("*.py"))
C_FILES = sorted([*(ROOT / "ext").rglob("*.c"), *(ROOT / "ext").rglob("*.h")])

EXTENSION = "_lsprof"
EVENTS = "_events"
EVERYTHING = None
MAY_IMPORT = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "hidden": set(),
    "pipes": set(),
    "native": {EVENTS},
    "signals": {"hidden"},
    "wire": {"errors"},
    "filters": set(),
    "publishing": {"errors", "wire", "live.keys", "live.runtime", "live.session_lock"},
    "recorders": {"errors", "filters", "hidden", "native", "signals", "wire", "publishing"},
    "monitors": {"errors", "hidden", "native", "signals", "recorders.text_stream_recorder"},
    "real_time": {
        "errors",
        "pipes",
        "monitors",
        "wire",
        "publishing",
        EXTENSION,
    },
    "external": {"errors", "monitors", "wire", "publishing", "real_time", EXTENSION},
    "model": {"errors", "wire"},
    "live": {"errors", "wire", "model"},
    "recording": {"errors", "wire", "live.streams", "live.session_lock"},
    "export": {"errors", "wire", "model", "live.text", "recorders.escaping"},
    "comparison": {"errors", "model", "export", "live.text"},
    "api": {"monitors", "recorders", "filters", "external", "real_time"},
    "cli": EVERYTHING,
    "runner": {"cli"},
}
"""For each part of the house, the other parts that it may import.

A session's directory and a key's file are made by one side and read by the other; what both know
of them is in ``live``, so that a viewer needs no profiler.
"""

LEAVES = {
    "alloc",
    "block",
    "bounds",
    "chains",
    "children",
    "clock",
    "digest",
    "forked",
    "ledger",
    "map",
    "memory",
    "native",
    "publisher",
    "record",
    "snapshot",
    "transport",
    "watchdog",
    "wire",
    "wire_tables",
}
"""C files that know no Python, so that sanitizers and ctypes reach them."""


def part_of(path):
    return path.relative_to(ROOT / "pikos").with_suffix("").parts[0]


def imported_by(path):
    """Dotted names below ``pikos`` that the file imports, wherever in it."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("pikos.") for name in names if name.startswith("pikos."))


def is_allowed(name, allowed):
    return any(f"{name}.".startswith(f"{part}.") for part in allowed)


def includes(path):
    return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def included(path):
    """Every header that the file includes, itself or through one of ours."""
    found = set()
    waiting = [path]
    while waiting:
        for name in includes(waiting.pop()):
            ours = ROOT / "ext" / name
            if name not in found and ours.is_file():
                waiting.append(ours)
            found.add(name)
    return found


def words_of(path):
    """Names that the file's code uses; not what its texts say."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


def relative(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_a_part_imports_only_what_the_house_allows(path):
    """S29: the layers; recorders, for one, know no monitors."""
    part = part_of(path)
    allowed = MAY_IMPORT[part]

    strangers = [
        name
        for name in imported_by(path)
        if allowed is not EVERYTHING and not is_allowed(name, {part, "__version__", *allowed})
    ]

    assert not strangers


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_nothing_that_runs_what_it_reads_is_used(path):
    """B17."""
    forbidden = {"pickle", "cPickle", "shelve", "dill", "eval"}
    words = list(words_of(path))

    assert not forbidden.intersection(words)
    if "marshal" in words:
        assert not {"load", "loads"}.intersection(words)


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_a_file_opens_with_a_sentence(path):
    first = (ast.get_docstring(ast.parse(path.read_bytes())) or "").split("\n\n")[0]

    assert first.endswith((".", "::"))


@pytest.mark.parametrize("path", [path for path in C_FILES if path.stem in LEAVES], ids=relative)
def test_a_leaf_knows_no_python(path):
    assert "Python.h" not in included(path)


def test_there_is_a_leaf_for_each_name():
    assert {path.stem for path in C_FILES} >= LEAVES


def test_only_the_transport_knows_zmq():
    assert [path.name for path in C_FILES if "zmq.h" in includes(path)] == ["transport.c"]


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("pikos", {"zmq", "psutil", "argparse", "pikos._lsprof", "json"}),
        ("pikos.api", {"zmq", "psutil", "numpy", "pikos._lsprof", "pikos.monitors.api"}),
        ("pikos.cli.main", {"zmq", "psutil", "curses", "pikos._lsprof", "argparse", "typing"}),
        ("pikos.wire.codec", {"zmq", "socket", "pikos._lsprof"}),
        ("pikos.live", {"psutil", "curses", "pikos._lsprof", "pikos.real_time", "pikos.monitors"}),
        ("pikos.cli.web", {"starlette", "uvicorn", "plotly", "pikos._lsprof"}),
        ("pikos.live.web.app", {"uvicorn", "plotly", "curses", "pikos._lsprof", "pikos.monitors"}),
        ("pikos.model", {"zmq", "curses", "pikos._lsprof", "pikos.live"}),
        ("pikos.recording", {"zmq", "curses", "pikos._lsprof", "pikos.monitors"}),
    ],
)
def test_an_import_brings_only_what_it_needs(python, imported, absent):
    done = python("-c", f"import sys, {imported}; print(*sys.modules)")

    assert done.returncode == 0
    assert not absent.intersection(done.stdout.split())
