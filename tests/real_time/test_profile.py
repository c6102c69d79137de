"""Profile is used as cProfile's is; where it differs, docs/real-time-profiler.md says so."""

from __future__ import annotations

import cProfile
import io
import pstats
import subprocess
import sys
import textwrap
import threading
import tracemalloc

import pytest
from support.counted import Calls, calls_of, edge_calls_of
from support.deadlines import DEADLINE_S

import pikos
from pikos import _lsprof
from pikos.real_time import Profile, Profiler, label, run, runctx

ALL_THREADS = sys.version_info >= (3, 12)


def leaf():
    return 1


def work(times):
    for _ in range(times):
        leaf()
    return times


def row(profile, function):
    """What create_stats made of a function: primitive calls, calls, times, callers."""
    return profile.stats[label(function.__code__)]


def in_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join(DEADLINE_S)


def python(program, *options):
    """Run a program of lines in a fresh interpreter; what it printed."""
    child = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


# As with cProfile


def test_run_profiles_a_statement_in_the_main_module(monkeypatch):
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "leaf_of_main", leaf, raising=False)
    profile = Profile()

    assert profile.run("leaf_of_main()") is profile

    assert calls_of(profile, leaf) == Calls(1)
    assert not profile.enabled


def test_runctx_profiles_a_statement_with_given_names():
    names = {"work": work}
    profile = Profile()

    assert profile.runctx("done = work(times)", names, {"times": 3}) is profile
    assert profile.runctx("done = work(4)", names, names) is profile

    assert names["done"] == 4
    assert calls_of(profile, leaf) == Calls(7)


def test_runctx_disables_also_after_an_exception():
    profile = Profile()

    with pytest.raises(ZeroDivisionError):
        profile.runctx("work(2); 1 / 0", {"work": work}, {})

    assert not profile.enabled
    assert calls_of(profile, leaf) == Calls(2)


def test_runcall_gives_what_the_call_gave():
    def options(*arguments, **names):
        work(2)
        return arguments, names

    profile = Profile()

    assert profile.runcall(options, 1, 2, func=3, self=4) == ((1, 2), {"func": 3, "self": 4})
    assert calls_of(profile, options) == Calls(1)
    assert edge_calls_of(profile, options, work) == Calls(1)


def test_runcall_disables_also_after_an_exception():
    profile = Profile()

    with pytest.raises(TypeError):
        profile.runcall(work, "no number")

    assert not profile.enabled


def test_with_enables_and_disables():
    with Profile() as profile:
        assert profile.enabled
        work(3)

    assert not profile.enabled
    assert calls_of(profile, leaf) == Calls(3)


def test_with_disables_also_after_an_exception():
    profile = Profile()

    with pytest.raises(ZeroDivisionError), profile:
        raise ZeroDivisionError

    assert not profile.enabled


def test_create_stats_disables_and_snapshot_stats_does_not():
    profile = Profile()
    profile.enable()
    work(3)
    profile.snapshot_stats()
    seen = row(profile, leaf)[:2]
    enabled = profile.enabled
    work(4)
    profile.create_stats()

    assert (seen, enabled) == ((3, 3), True)
    assert row(profile, leaf)[:2] == (7, 7)
    assert not profile.enabled


def test_the_statistics_of_a_recursion_are_as_pstats_wants_them():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    reference = cProfile.Profile()
    profile = Profile()
    for each in (reference, profile):
        each.runcall(fib, 6)
        each.create_stats()

    expected, counted = row(reference, fib), row(profile, fib)
    assert counted[:2] == expected[:2] == (1, 25)
    assert counted[4].keys() == expected[4].keys()
    assert [calls[:2] for calls in counted[4].values()] == [
        calls[:2] for calls in expected[4].values()
    ]


def test_print_stats_prints_the_table_of_pstats(capsys):
    with Profile() as profile:
        work(3)

    profile.print_stats(sort=("calls", "name"))

    table = capsys.readouterr().out
    assert "Ordered by: call count, function name" in table
    assert "(leaf)" in table


def test_dump_stats_writes_what_pstats_reads(tmp_path):
    file = tmp_path / "profile.pstats"
    with Profile() as profile:
        work(3)

    profile.dump_stats(str(file))

    stats = pstats.Stats(str(file))
    assert stats.stats[label(leaf.__code__)][:2] == (3, 3)
    assert stats.total_calls == pstats.Stats(profile).total_calls


def test_profiles_can_be_added_up_with_those_of_cprofile(tmp_path):
    reference = cProfile.Profile()
    reference.runcall(work, 3)
    profile = Profile()
    profile.runcall(work, 4)

    stats = pstats.Stats(reference).add(profile)

    assert stats.stats[label(leaf.__code__)][:2] == (7, 7)


def test_the_functions_run_and_runctx_print_or_save(tmp_path, capsys):
    file = tmp_path / "profile.pstats"

    runctx("work(2)", {"work": work}, {})
    printed = capsys.readouterr().out
    run("len([])", str(file))

    assert "(leaf)" in printed
    assert any(name == "<built-in method builtins.len>" for _, _, name in read(file))


def read(file):
    return pstats.Stats(str(file), stream=io.StringIO()).stats


def test_a_statement_that_exits_is_profiled_all_the_same(tmp_path):
    file = tmp_path / "profile.pstats"

    runctx("work(2); raise SystemExit", {"work": work}, {}, str(file))

    assert read(file)[label(leaf.__code__)][:2] == (2, 2)


def test_a_profile_is_a_profiler_of_the_extension():
    assert issubclass(Profile, Profiler)
    assert Profiler is _lsprof.Profiler


def test_disable_itself_is_in_the_statistics_as_with_cprofile():
    with Profile() as profile:
        pass
    reference = cProfile.Profile()
    reference.enable()
    reference.disable()

    label_of_disable = "<method 'disable' of '_lsprof.Profiler' objects>"
    assert calls_of(profile, label_of_disable) == Calls(1)
    assert calls_of(reference, label_of_disable) == Calls(1)


# Other than cProfile


def test_functions_of_one_label_are_added_up():
    functions = [eval("lambda: leaf()") for _ in range(3)]
    with Profile() as profile:
        for times, function in enumerate(functions, 1):
            for _ in range(times):
                function()
    profile.create_stats()

    assert row(profile, functions[0])[:2] == (6, 6)
    assert row(profile, leaf)[4][label(functions[0].__code__)][:2] == (6, 6)


def test_the_python_code_of_pikos_is_left_out():
    profile = Profile()
    profile.run("None")
    with profile:
        profile.snapshot_stats()
    profile.create_stats()

    assert not [file for file, _, _ in profile.stats if file.startswith(*pikos.__path__)]


def test_all_threads_are_counted_where_cprofile_hears_of_them():
    with Profile() as profile:
        in_thread(work, 3)

    assert calls_of(profile, leaf).calls == (3 if ALL_THREADS else 0)


@pytest.mark.parametrize("threads", [True, False])
def test_whether_all_threads_are_counted_can_be_said(threads):
    with Profile(threads=threads) as profile:
        in_thread(work, 3)

    assert calls_of(profile, leaf).calls == (3 if threads else 0)


def test_the_type_of_the_extension_counts_all_threads():
    profiler = Profiler()
    profiler.enable()
    in_thread(work, 3)
    profiler.disable()

    assert calls_of(profiler, leaf) == Calls(3)


def test_built_ins_stay_left_out_when_it_is_enabled_by_with():
    with Profile(builtins=False) as profile:
        sorted([len("")])

    assert profile.getstats() == []


@pytest.mark.skipif(not ALL_THREADS, reason="before 3.12 there is one profile function")
def test_cprofile_may_run_beside_it():
    reference = cProfile.Profile()

    with reference, Profile() as profile:
        work(3)

    assert calls_of(profile, leaf) == Calls(3)
    assert calls_of(reference, leaf) == Calls(3)


@pytest.mark.skipif(not ALL_THREADS, reason="sys.monitoring came with 3.12")
def test_the_tool_of_cprofile_stays_free_and_ours_is_named():
    with Profile():
        tools = [sys.monitoring.get_tool(tool) for tool in range(6)]

    assert tools.count("pikos") == 1
    assert tools[sys.monitoring.PROFILER_ID] is None


@pytest.mark.skipif(ALL_THREADS, reason="from 3.12 on it is no profile function")
def test_it_is_the_profile_function_of_the_thread():
    with Profile() as profile:
        seen = sys.getprofile()

    assert seen is profile


def test_which_profiler_is_enabled_can_be_asked():
    with Profile() as profile:
        seen = _lsprof.active()

    assert seen is profile
    assert _lsprof.active() is None


def test_a_debugger_may_run_beside_it():
    lines = []

    def trace(frame, event, argument):
        if frame.f_code is leaf.__code__:
            lines.append(event)
        return trace

    before = sys.gettrace()
    with Profile() as profile:
        sys.settrace(trace)
        work(2)
        sys.settrace(before)

    assert lines == ["call", "line", "return"] * 2
    assert calls_of(profile, leaf) == Calls(2)


PROGRAM = """\
def leaf(deep):
    if deep:
        return 1
    return 2
leaf(True)
"""

COVERED = """
import os, sys
import coverage
from pikos.real_time import Profile

measured = coverage.Coverage(data_file=None, include=[sys.argv[1]])
measured.start()
names = {}
code = compile(open(sys.argv[1]).read(), sys.argv[1], "exec")
with Profile() as profile:
    exec(code, names)
measured.stop()
lines = measured.get_data().lines(os.path.realpath(sys.argv[1]))
counted = [e.callcount for e in profile.getstats() if e.code is names["leaf"].__code__]
print(sorted(lines), counted)
"""


@pytest.mark.parametrize("core", ["ctrace", *(["sysmon"] if ALL_THREADS else [])])
def test_coverage_may_run_beside_it(core, tmp_path, monkeypatch):
    pytest.importorskip("coverage")
    monkeypatch.setenv("COVERAGE_CORE", core)
    program = tmp_path / "program.py"
    program.write_text(
        "def leaf(deep):\n    if deep:\n        return 1\n    return 2\nleaf(True)\n"
    )
    script = tmp_path / "covers.py"
    script.write_text(COVERED)

    child = subprocess.run(
        [sys.executable, script, program],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )

    assert child.stdout == "[1, 2, 3, 5] [1]\n", child.stderr


def test_a_threaded_program_has_each_thread_apart():
    with Profile(threads=True) as profile:
        in_thread(work, 3)
        work(4)

    rows = [calls_of(entries, leaf).calls for _, entries in profile.thread_stats()]
    assert sorted(rows) == [3, 4]


def test_importing_has_no_effect():
    out = python(
        """
        import sys, threading
        before = sys.getprofile(), threading.active_count()
        import pikos.real_time
        assert (sys.getprofile(), threading.active_count()) == before
        assert "zmq" not in sys.modules
        print(pikos.real_time.Profile().enabled)
        """
    )

    assert out == "False\n"


def peak_of_dump(profile, program, path):
    """Bytes that dump_stats had at most, once the program was profiled."""
    profile.enable()
    exec(program, {})
    profile.disable()
    tracemalloc.start()
    profile.dump_stats(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_dump_stats_takes_little_more_memory_than_cprofile(tmp_path):
    """The statistics are made once, and no label has an address all the same."""
    lines = [f"def f{n}(m): return [g(0) for g in F[m - 9 : m]]" for n in range(1_000)]
    lines += [
        f"F = [{', '.join(f'f{n}' for n in range(1_000))}]",
        "for n in range(9, 1_000): F[n](n)",
    ]
    program = compile("\n".join(lines), "program.py", "exec")
    beside = peak_of_dump(cProfile.Profile(), program, tmp_path / "cprofile")
    peak = peak_of_dump(Profile(threads=False), program, tmp_path / "pikos")
    assert peak <= 1.3 * beside, (peak, beside)
