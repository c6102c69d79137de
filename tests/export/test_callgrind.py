"""Inclusive sums of the Callgrind format under recursion, as its readers make them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace

import pytest
from support.callgrind import Callgrind
from support.published import published

from pikos._lsprof import Profiler
from pikos.export import export
from pikos.model import Snapshot


def leaf():
    return sum(range(50))


def direct(depth):
    leaf()
    return direct(depth - 1) if depth else watch()


def even(depth):
    leaf()
    return odd(depth - 1) if depth else watch()


def odd(depth):
    leaf()
    leaf()
    return even(depth - 1) if depth else watch()


def twice(depth):
    return depth if depth < 2 else twice(depth - 1) + twice(depth - 2)


def generated(depth):
    if depth:
        yield from generated(depth - 1)
    leaf()
    yield depth


class Shown:
    def __init__(self, depth):
        self.depth = depth

    def __repr__(self):
        leaf()
        return repr(Shown(self.depth - 1)) if self.depth else ""


watched = []


def watch():
    """Take a snapshot while all that called this is open."""
    if watched:
        watched.append(watched[0]())


def work():
    direct(30)
    even(40)
    odd(5)
    twice(12)
    list(generated(20))
    repr(Shown(20))


@pytest.fixture(scope="module")
def snapshots():
    """While calls are open, deep in each recursion, and when all have returned."""
    profiler = Profiler()
    with published(profiler) as look:
        watched.append(look)
        profiler.enable()
        work()
        twice(9)  # from outside of every call
        profiler.disable()
        done = look()
    found = [*watched[1:], done]
    watched.clear()
    return found


def inclusive(told):
    """What callgrind_annotate --inclusive=yes makes of a file."""
    sums, called = Counter(), Counter()
    for place, function in told.functions.items():
        sums[place] += function["self"]
        for file, name, calls, cost in function["calls"]:
            assert calls > 0  # readers take the next line for the caller's own cost otherwise
            sums[place] += cost
            called[file, name] += cost
    return {**sums, **called}


def test_no_inclusive_sum_passes_the_whole(snapshots):
    """R14: direct and mutual recursion, generators, built-ins in between, open and returned."""
    assert len(snapshots) >= 4
    for snapshot in snapshots:
        told = Callgrind(b"".join(export(snapshot, "callgrind")).decode())
        whole = int(told.header["totals"])

        sums = inclusive(told)

        assert whole > 0
        assert {place: ns for place, ns in sums.items() if ns > whole + len(sums)} == {}
        assert sum(function["self"] for function in told.functions.values()) == whole


def test_the_inclusive_sum_of_a_function_is_its_cumulative_time(snapshots):
    """R14: however it is called; calls within it are those of a function of their own."""
    for snapshot in snapshots:
        told = Callgrind(b"".join(export(snapshot, "callgrind")).decode())
        sums = inclusive(told)

        for number, stat in snapshot.stats.items():
            function = snapshot.functions[number]
            if function.file == __file__:
                place = function.file, f"{function.qualified_name}:{function.line}"
                assert sums[place] == pytest.approx(stat.cumulative_ns, abs=len(snapshot.contexts))
    names = {name for _, name in sums}
    for recursive in ("direct", "even", "odd", "twice", "generated"):
        assert any(re.fullmatch(rf"{recursive}:\d+'2", name) for name in names), recursive
    assert not any(name.startswith("leaf") and name.endswith("'2") for name in names)


def test_a_profile_without_contexts_has_no_greater_sums(snapshots):
    """R14: as a file of pstats has it."""
    for snapshot in snapshots:
        plain = replace(snapshot.returned(), contexts={})

        told = Callgrind(b"".join(export(plain, "callgrind")).decode())

        assert (
            max(inclusive(told).values()) <= int(told.header["totals"]) + len(plain.contexts) + 99
        )
    assert b"".join(export(Snapshot(), "callgrind"))


@pytest.mark.skipif(shutil.which("callgrind_annotate") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("beside", [False, True])
def test_callgrind_annotate_agrees(snapshots, tmp_path, beside):
    """R14: also beside the source, where it shortens the names of some files."""
    text = b"".join(export(snapshots[-1], "callgrind")).decode()
    if beside:
        text = text.replace(__file__, str(tmp_path / "program.py"))
    (tmp_path / "x").write_text(text)

    done = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=100", "x"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    shares = [float(share) for share in re.findall(r"\(\s*([\d.]+)%\)", done.stdout)]
    assert done.stderr == ""
    assert len(shares) > 5
    assert max(shares) <= 100.1
