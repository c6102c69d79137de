"""Built-ins: plain names for people, labels of cProfile for pstats, and no addresses."""

from __future__ import annotations

import collections
import cProfile
import gc
import json
import pstats
import re
import socket
import subprocess
import sys
import threading

import pytest
from support.deadlines import DEADLINE_S
from support.published import published

from pikos._lsprof import Profiler
from pikos.real_time import Profile

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


def test_labels_in_the_process_are_those_of_cprofile():
    """R6: getstats() names a built-in as cProfile does, so that their rows can be compared."""

    def labels(profiler):
        profiler.enable()
        work()
        profiler.disable()
        return {entry.code for entry in profiler.getstats() if isinstance(entry.code, str)}

    labels(Profiler())  # what happens only once
    ours, reference = labels(Profiler()), labels(cProfile.Profile())

    assert any(ADDRESS.search(label) for label in reference)
    assert ours == reference


def test_what_is_written_and_printed_has_no_addresses(tmp_path, capsys):
    """R6: rows whose labels are then the same are added up."""
    profiler = Profile()
    profiler.enable()
    work()
    profiler.disable()
    profiler.dump_stats(str(tmp_path / "out.pstats"))
    profiler.print_stats()
    stats = pstats.Stats(str(tmp_path / "out.pstats")).stats
    labels = {key[2] for key in stats} | {key[2] for row in stats.values() for key in row[4]}

    assert "<built-in method __new__ of type object>" in labels
    assert [label for label in labels if ADDRESS.search(label)] == []
    assert "__new__ of type object}" in (printed := capsys.readouterr().out)
    assert not ADDRESS.search(printed)
    assert sum(row[1] for row in stats.values()) == sum(row[1] for row in profiler.stats.values())


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


def test_a_function_that_is_called_while_it_is_named_has_one_row():
    """C17: on 3.11 naming may run the garbage collector; its callback lets another thread call."""
    go, done = threading.Event(), threading.Event()

    def calls():
        assert go.wait(DEADLINE_S)
        hex(1)
        done.set()

    def lets_it_go(_phase, _facts):
        go.set()
        assert done.wait(DEADLINE_S)

    thread = threading.Thread(target=calls)
    thread.start()
    profiler = Profiler()
    gc.collect()
    before = gc.get_threshold()
    gc.disable()
    gc.set_threshold(1)
    gc.callbacks.append(lets_it_go)
    try:
        profiler.enable()
        gc.enable()
        hex(2)
        gc.disable()
        gc.callbacks.remove(lets_it_go)
        go.set()
        thread.join(DEADLINE_S)
        profiler.disable()
    finally:
        gc.set_threshold(*before)
        gc.enable()

    labels = collections.Counter(entry.code for entry in profiler.getstats())
    assert labels["<built-in method builtins.hex>"] == 1
    assert [label for label, count in labels.items() if count > 1] == []
