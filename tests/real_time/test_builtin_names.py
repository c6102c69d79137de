"""Built-ins: plain names for people, labels of cProfile for pstats, and no addresses."""

from __future__ import annotations

import cProfile
import json
import re
import socket
import subprocess
import sys
import threading

import pytest
from support.published import published

from pikos._lsprof import Profiler

PROGRAM = """
import abc, collections, functools, io, json, re, socket, threading

class Meta(abc.ABCMeta):
    def __new__(cls, *arguments):
        return super().__new__(cls, *arguments)

class Stack(list, metaclass=Meta):
    def append(self, item):
        super().append(item)

def main():
    first, second = socket.socketpair()
    first.send(b"x"), second.recv(1), first.close(), second.close()
    json.loads(json.dumps({"a": [1, 2.5, "x"]}))
    re.compile("(a|b)+c").findall("abc aac")
    Stack().append(1)
    functools.partial(collections.OrderedDict.fromkeys, "abc")()
    bytes.fromhex("00"), str.maketrans("a", "b"), int.from_bytes(b"a", "big")
    io.BytesIO(b"abc").read(), "a".upper(), all([1]), len([]), isinstance(1, int)
    collections.namedtuple("Point", "x y")(1, 2)
    threading.Lock().acquire()

main()
"""
"""Built-ins of every kind: functions, methods of types and of instances, static ones, __new__."""

ADDRESS = re.compile(r"0x[0-9a-f]{6}")


class Stack(list):
    def append(self, item):
        super().append(item)


def work():
    first, second = socket.socketpair()
    first.close()
    second.close()
    Stack().append(1)
    list.append([], 1)
    tuple.__new__(tuple)
    type.__new__(type, "Made", (), {})
    dict.fromkeys("a")
    bytes.fromhex("00")
    str.maketrans("a", "b")
    "a".upper()
    all([1])
    threading.Lock().acquire()


@pytest.fixture(scope="module")
def names():
    """The names of functions that were published, with what getstats() calls them."""
    profiler = Profiler()
    with published(profiler) as look:
        profiler.enable()
        work()
        profiler.disable()
        functions = look().functions.values()
        return {function.qualified_name: function for function in functions if function.kind}


@pytest.mark.parametrize(
    "name",
    [
        "_socket.socketpair",
        "_socket.socket.close",
        "list.append",
        "type.__new__",
        "dict.fromkeys",
        "bytes.fromhex",
        "str.maketrans",
        "str.upper",
        "all",
    ],
)
def test_a_built_in_has_a_plain_name(names, name):
    """R6: the type that defines a method, or the module, and the name."""
    assert names[name].file == "~"


def test_no_built_in_is_named_by_an_address(names):
    """R6."""
    texts = [text for function in names.values() for text in (function.name, function[4])]

    assert len(texts) > 20
    assert [text for text in texts if ADDRESS.search(text) or not text] == []
    assert not any("<" in name for name in names)


def test_labels_are_those_of_cprofile_without_addresses():
    """R6: pstats of both stay comparable."""

    def labels(profiler):
        profiler.enable()
        work()
        profiler.disable()
        return {entry.code for entry in profiler.getstats() if isinstance(entry.code, str)}

    labels(Profiler())  # what happens only once
    ours, reference = labels(Profiler()), labels(cProfile.Profile())

    assert not any(ADDRESS.search(label) for label in ours)
    assert any(ADDRESS.search(label) for label in reference)
    assert ours == {re.sub(" at 0x[0-9a-f]+", "", label) for label in reference}


@pytest.mark.parametrize("form", ["record", "pstats"])
def test_equal_runs_have_an_empty_difference(form, tmp_path, runtime):
    """R6: no function is added or removed, and none is called more often."""
    (tmp_path / "prog.py").write_text(PROGRAM)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "pikos", *arguments],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True,
        ).stdout  # fmt: skip

    option = "--record" if form == "record" else "-o"
    for name in ("a", "b"):
        run("run", option, f"{name}.pikos", "prog.py")
    rows = json.loads(run("diff", "a.pikos", "b.pikos", "--json"))["functions"]

    assert len(rows) > 50
    assert [row for row in rows if row["state"] != "both"] == []
