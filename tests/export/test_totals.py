"""Totals of a profile are the same in all formats."""

from __future__ import annotations

import csv
import io
import json
import sys
import threading

from support.callgrind import Callgrind
from support.published import published

from pikos._lsprof import Profiler
from pikos.export import export
from pikos.model.unstacked import UNSTACKED_NAME, unstacked

DEEPER_THAN_THE_TREE = 4_900


def recursive(depth):
    return recursive(depth - 1) if depth else sum(generated())


def generated():
    yield from range(20)


def work(depth):
    recursive(depth)
    recursive(3)


def test_totals_of_all_formats_agree_with_recursion_generators_and_threads():
    """R1: what is past the tree's bound is in each of them, too."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    profiler = Profiler()
    with published(profiler) as look:
        profiler.enable()
        work(DEEPER_THAN_THE_TREE)
        thread = threading.Thread(target=work, args=(9,))
        thread.start()
        thread.join()
        profiler.disable()
        sys.setrecursionlimit(limit)
        snapshot = look()
    written = {
        name: b"".join(export(snapshot, name)).decode()
        for name in ("collapsed", "speedscope", "chrome", "gecko", "csv", "callgrind")
    }
    gecko = json.loads(written["gecko"])["threads"]
    totals = {
        "collapsed": sum(int(line.split()[-1]) for line in written["collapsed"].splitlines()),
        "speedscope": sum(
            sum(profile["weights"]) for profile in json.loads(written["speedscope"])["profiles"]
        ),
        "chrome": sum(
            event["args"].get("self_ns", 0)
            for event in json.loads(written["chrome"])["traceEvents"]
        ),
        "gecko": round(sum(sum(thread["samples"]["weight"]) for thread in gecko) * 1e6),
        "csv": sum(int(row["self_ns"]) for row in csv.DictReader(io.StringIO(written["csv"]))),
        "callgrind": sum(
            function["self"] for function in Callgrind(written["callgrind"]).functions.values()
        ),
    }

    assert unstacked(snapshot).calls >= DEEPER_THAN_THE_TREE - 4_500
    functions_ns = sum(row.inline_ns for row in snapshot.stats.values())
    contexts_ns = sum(row.inline_ns for row in snapshot.contexts.values())
    assert totals == {
        name: functions_ns if name in {"csv", "callgrind"} else contexts_ns for name in totals
    }
    assert abs(functions_ns - contexts_ns) < len(snapshot.contexts)  # ticks become whole ns
    folded = [line for line in written["collapsed"].splitlines() if UNSTACKED_NAME in line]
    assert len(folded) == 1  # below the innermost call of a full stack
    assert all(line.count("recursive") > 3_000 for line in folded)
