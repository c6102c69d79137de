"""Exact differences of two profiles."""

from __future__ import annotations

import cProfile
import marshal
import os
import pstats
import random

import pytest
from support import hostile
from support.recordings import snapshot_of
from support.session import PROGRAM

from pikos.comparison import (
    Compared,
    Counts,
    differences,
    profile_of_pstats,
    profile_of_snapshot,
)
from pikos.comparison.flame_page import flame_page
from pikos.comparison.kinds import check_comparable, notes
from pikos.comparison.marshalled import unmarshalled
from pikos.comparison.names import plain_builtin, without_addresses
from pikos.comparison.told import as_text, ordered
from pikos.errors import NotComparable
from pikos.export import export


def profile(**changed):
    """The small program of the tests, with some tables changed."""
    return profile_of_snapshot(snapshot_of(PROGRAM | changed))


def functions(*rows):
    """Functions of one file, each with a name and a line; each was called once, for line ns."""
    return {
        "open_call": [],
        "function": [
            (number, 0, line, name, name, "/x") for number, (name, line) in enumerate(rows, 1)
        ],
        "stat": [(number, 1, 0, 0, line, line) for number, (_, line) in enumerate(rows, 1)],
    }


def told(a, b):
    """Name, state and difference of self time of each function, by name."""
    return sorted(
        (row.name, row.state, row.difference.self_ns) for row in ordered(differences(a, b), "self")
    )


def test_a_profile_does_not_differ_from_itself():
    rows = ordered(differences(profile(), profile()), "self")

    assert [row.difference for row in rows] == [Counts()] * 3
    assert [row.state for row in rows] == [""] * 3


def test_every_count_is_compared_exactly():
    after = profile(stat=[(2, 10 + 2**40, 4, 0, 3_000_001, 4_000_000)], open_call=[])

    rows = {row.name: row for row in differences(profile(open_call=[]), after)}

    assert rows["Worker.work (/src/worker.py:9)"].difference == Counts(2**40, 2**40, 1, -1_000_000)
    assert rows["time.sleep"].difference == Counts(-6, -6, -2_000_000, -2_000_000)


def test_functions_of_one_profile_are_added_or_removed():
    a, b = profile(**functions(("f", 5), ("g", 7))), profile(**functions(("g", 7), ("h", 9)))

    assert told(a, b) == [
        ("f (/x:5)", "removed", -5),
        ("g (/x:7)", "", 0),
        ("h (/x:9)", "added", 9),
    ]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("<method 'upper' of 'str' objects>", "str.upper"),
        ("<slot wrapper '__init__' of 'dict' objects>", "dict.__init__"),
        ("<built-in method builtins.all>", "all"),
        ("<built-in method time.sleep>", "time.sleep"),
        ("<built-in method __new__ of type object at 0x7f724445ea00>", "type.__new__"),
        ("<function socket.close at 0x7f7243bf0cc0>", "socket.close"),
        ("<function f.<locals>.D.get at 0x7f7243bf0cc0>", "f.<locals>.D.get"),
        ("<time.sleep>", "time.sleep"),
        ("<a label of its own>", "<a label of its own>"),
        ("made by 0x7f7243bf0cc0", "made by "),
    ],
)
def test_a_label_of_cprofile_has_a_plain_name(label, name):
    """R6."""
    assert plain_builtin(without_addresses(label)) == name


def test_addresses_do_not_count():
    """R6: a name or a file that has an address is the same in another run."""
    one, other = (
        profile(
            function=[
                (1, 1, 0, f"<function a.b at {at}>", f"<function a.b at {at}>", "~"),
                (2, 0, 3, f"made_{at}", f"made at {at}", f"<generated {at}>"),
            ],
            stat=[(1, 1, 0, 0, 5, 5), (2, 1, 0, 0, 5, 5)],
        )
        for at in ("0x7f724445ea00", "0x7fcf8985ea00")
    )

    assert told(one, other) == [("a.b", "", 0), ("made (<generated >:3)", "", 0)]


def test_a_function_that_moved_is_the_same():
    a, b = profile(**functions(("f", 5))), profile(**functions(("f", 8)))

    assert told(a, b) == [("f (/x:8)", "", 3)]


def test_several_functions_of_one_name_are_told_apart_by_their_lines():
    a = profile(**functions(("f", 5), ("f", 7)))
    b = profile(**functions(("f", 7), ("f", 9)))

    assert told(a, b) == [
        ("f (/x:5)", "removed", -5),
        ("f (/x:7)", "", 0),
        ("f (/x:9)", "added", 9),
    ]


def test_a_function_that_has_not_returned_yet_is_not_added():
    """V1: its time so far counts."""
    running = profile()
    returned = profile(stat=[*PROGRAM["stat"], (1, 1, 0, 0, 5_995_000_009, 9_000_000_009)])

    assert ("main (/src/app.py:3)", "", 5_995_000_009) in told(running, returned)


def test_open_calls_are_marked_and_noted():
    """V1."""
    a, b = profile(), profile(stat=[*PROGRAM["stat"], (1, 1, 0, 0, 1, 1)], open_call=[])

    lines = as_text(a, b, ordered(differences(a, b), "self"), 9, notes(a, b))

    assert "note: A has 3 open calls: their time so far is counted" in lines
    assert any(line.endswith(" main (/src/app.py:3) [open in A]") for line in lines)
    assert any(line.endswith(" time.sleep") for line in lines)


def test_a_file_for_pstats_has_the_same_counts_as_the_session_it_is_from():
    snapshot = snapshot_of(PROGRAM)
    b = profile_of_pstats(b"".join(export(snapshot, "pstats")))

    rows = ordered(differences(profile_of_snapshot(snapshot), b), "self")

    assert len(rows) == 3
    assert [row.difference[:-1] for row in rows] == [Counts()[:-1]] * 3


def test_what_cprofile_saves_is_read(tmp_path):
    with cProfile.Profile() as made:
        sorted(map(str, range(100)), key=str.upper)
    made.dump_stats(tmp_path / "x")

    read = profile_of_pstats((tmp_path / "x").read_bytes())

    expected = {
        (file, line, plain_builtin(name)): row
        for (file, line, name), row in pstats.Stats(str(tmp_path / "x")).stats.items()
    }
    assert ("~", 0, "sorted") in expected
    assert {(name.file, name.line, name.name) for name in read.functions} == set(expected)
    for name, counts in read.functions.items():
        primitive, calls, own, cumulative, _ = expected[name.file, name.line, name.name]
        assert counts == Counts(calls, primitive, round(own * 1e9), round(cumulative * 1e9))


@pytest.mark.parametrize(
    "value",
    [
        {},
        {("~", 0, "é\udcff漢"): (1, 2**70, 0.5, 1e300, {})},
        ((), ("a",) * 300, -(2**31), 2**31, -(2**100), None),
        {"a" * 300: "b", 1: {2: {3: 4.5}}},
    ],
)
@pytest.mark.parametrize("version", [2, 4])
def test_plain_values_are_unmarshalled(value, version):
    assert unmarshalled(marshal.dumps(value, version)) == value


@pytest.mark.parametrize(
    "value",
    [
        b"bytes", [1], {1}, 1j, True, ..., StopIteration, (lambda: 0).__code__, 2**300,
        ((((((((((1,),),),),),),),),),),
    ],
    ids=repr,
)  # fmt: skip
def test_other_values_are_refused(value):
    with pytest.raises(ValueError, match="byte"):
        unmarshalled(marshal.dumps(value))


@pytest.mark.parametrize(
    "content", [b"", b"0", b"r\0\0\0\0", b"\xfb", b")\xff", b"(\xff\xff\xff\xff"]
)
def test_what_is_cut_off_or_made_up_is_refused(content):
    with pytest.raises(ValueError, match=r"byte|table"):
        profile_of_pstats(content)


def test_a_tuple_within_itself_is_refused():
    with pytest.raises(ValueError, match="reference to nothing"):
        unmarshalled(b"\xa9\x01r\0\0\0\0")


def test_any_noise_is_refused_and_nothing_worse():
    dice = random.Random(5)
    good = marshal.dumps({("/x", 1, "f"): (1, 1, 0.5, 0.5, {("/x", 2, "g"): (1, 1, 0.1, 0.1)})})
    for _ in range(2000):
        content = bytearray(good)
        for _ in range(dice.randrange(1, 4)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        try:
            read = profile_of_pstats(bytes(content[: dice.randrange(1, len(content) + 1)]))
        except ValueError:
            continue
        assert all(name.file.isprintable() for name in read.functions)


@pytest.mark.parametrize(
    "table",
    [
        {1: 2},
        {("/x", "1", "f"): (1, 1, 0.5, 0.5, {})},
        {("/x", 1, "f"): (1, 1, 0.5, {})},
        {("/x", 1, "f"): (1, 1, "0.5", 0.5, {})},
        {("/x", 1, "f"): (1, 1, float("inf"), 0.5, {})},
        {("/x", 1, "f"): (1, 1, float("nan"), 0.5, {})},
        {("/x", 1, "f"): (1, 1, 1e300, 0.5, {})},
        {("/x", 1, "f"): (1, 2**64, 0.5, 0.5, {})},
    ],
    ids=repr,
)
def test_a_table_of_something_else_is_refused(table):
    with pytest.raises(ValueError, match=r"function|a time of"):
        profile_of_pstats(marshal.dumps(table))


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ({"clock": "wall"}, {"clock": "cpu"}, "A is of the wall clock, B of the cpu clock"),
        ({"threads": True}, {"threads": False}, "A is of all threads, B of one thread"),
        ({"builtins": False}, {"builtins": True}, "A counts no built-in functions, B"),
    ],
)
def test_profiles_of_different_kinds_are_not_compared(a, b, reason):
    with pytest.raises(NotComparable, match=reason):
        check_comparable(Compared("a", {}, **a), Compared("b", {}, **b))


def test_what_is_not_known_is_no_difference_of_kind():
    check_comparable(Compared("a", {}), Compared("b", {}, clock="cpu", threads=True, builtins=True))


def test_clocks_that_tell_the_same_time_are_compared():
    a, b = (
        profile_of_snapshot(snapshot_of(PROGRAM | {"open_call": []}, clock=name))
        for name in ("tsc", "monotonic")
    )

    check_comparable(a, b)
    assert list(notes(a, b)) == []


def test_what_limits_a_comparison_is_said():
    a, b = Compared("a", {}), Compared("b", {}, clock="wall", complete=False)

    assert [note.partition(";")[0] for note in notes(a, b)] == [
        "A does not tell its clock",
        "B is not whole: messages were lost, or it was heard too late",
    ]


def test_the_greatest_differences_come_first_be_they_more_or_less():
    a = profile(**functions(("f", 500), ("g", 10), ("h", 20)))
    b = profile(**functions(("g", 10), ("h", 900)))

    rows = ordered(differences(a, b), "self")

    assert [row.name.partition(" ")[0] for row in rows] == ["h", "f", "g"]


def test_the_table_has_the_sums_and_says_how_much_it_leaves_out():
    a = profile(**functions(("f", 500), ("g", 10)))
    b = profile(**functions(("g", 15), ("h", 900)))

    lines = as_text(a, b, ordered(differences(a, b), "self"), 1, ["a note"])

    assert lines[2:] == [
        "note: a note",
        "",
        "calls  ±calls    self    ±self  cumulative  ±cumulative  function (1 of 3)",
        "    2       =  915 ns  +405 ns                           all",
        "    1      +1  900 ns  +900 ns      900 ns      +900 ns  h (/x:900) [added]",
    ]


def test_hostile_names_are_shown_as_escapes():
    for text in hostile.NAMES.values():
        a = profile_of_snapshot(snapshot_of(hostile.program(text), argv=[text]))
        b = profile_of_pstats(
            marshal.dumps({(text, 1, text + hostile.SURROGATES): (1, 1, 0.5, 0.5, {})})
        )

        lines = as_text(a, b, ordered(differences(a, b), "name"), 10, [])

        assert all(map(hostile.is_harmless, lines))


def test_a_name_of_ten_megabytes_is_cut():
    name = "x" * 10_000_000
    a = profile_of_pstats(marshal.dumps({(name, 1, name): (1, 1, 0.5, 0.5, {})}))

    lines = as_text(a, a, ordered(differences(a, a), "name"), 10, [])

    assert max(map(len, lines)) < 2000


def test_a_flame_graph_of_differences_is_as_wide_as_the_greater_side():
    contexts = [*PROGRAM["context"][:2], (3, 2, 1, 2, 1, 0, 6, 0, 0, 8_000_000, 8_000_000)]
    a, b = profile(open_call=[]), profile(context=contexts, open_call=[])

    content = "".join(flame_page(a, b, differences(a, b), []))

    assert 'class="more2" x="0.000000%" y="18" width="100.000000%"' in content
    assert "Worker.work (/src/worker.py:9): 3.0 ms → 0 ns (-3.0 ms); 4 calls → 0 calls" in content
    assert "Worker.work (/src/worker.py:9): 5.0 ms → 8.0 ms (+3.0 ms); 6 calls → 6 calls" in content
    assert 'class="less3"' in content
    assert ">Worker.work</text>" in content


def test_without_paths_of_calls_there_is_no_flame_graph():
    with pytest.raises(NotComparable, match="B is a file for pstats, which knows no paths"):
        flame_page(profile(), profile_of_pstats(marshal.dumps({})), [], [])


def test_the_reader_takes_no_memory_for_what_is_not_there():
    with pytest.raises(ValueError, match="a tuple of"):
        unmarshalled(b"(" + (2**31).to_bytes(4, "little") + os.urandom(10))
