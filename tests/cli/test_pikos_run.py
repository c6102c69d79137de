"""``pikos-run``: a script is recorded as the command line says, and runs as under ``python``."""

from __future__ import annotations

import contextlib
import csv
import os
import pstats
import pty
import re
import signal
import subprocess
import sys

import pytest
from support.deadlines import DEADLINE_S
from support.endings import without_children

from pikos.cli import main, pikos_run
from pikos.cli.monitor_options import MONITORS
from pikos.monitors import api as monitors
from pikos.native import EVENTS

RECORDS = {
    "functions": monitors.FunctionRecord,
    "lines": monitors.LineRecord,
    "function_memory": monitors.FunctionMemoryRecord,
    "line_memory": monitors.LineMemoryRecord,
    "function_time": monitors.FunctionTimeRecord,
    "line_time": monitors.LineTimeRecord,
}
SCRIPT = """
    import sys

    def helper(number):
        return number + 1

    class Thing:
        def grow(self):
            size = helper(1)
            return len("x" * size)

    print("ran", *sys.argv[1:])
    Thing().grow()
    helper(2)
"""
FACTS = """
    import sys
    for name, value in sorted(dict(globals()).items()):
        if name not in {"__builtins__", "re", "name", "value"}:
            print(name, re.sub(" at 0x[0-9a-f]+", "", repr(value)))
    print(type(__builtins__), sys.argv, sys.path[:2], sys.modules["__main__"].sys is sys)
"""
PICKLED = """
    import multiprocessing, pickle

    class Thing:
        size = 1

    def grown(thing):
        thing.size += 1
        return thing

    if __name__ == "__main__":
        print(pickle.loads(pickle.dumps(Thing())).size)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(grown, [Thing()])[0].size)
"""
THREADED = """
    import threading

    def early(): late()
    def late(): pass

    go = threading.Event()
    def work():
        go.wait()
        early()
    threading.Thread(target=work).start()
    go.set()
"""
FORKED = """
    import os

    def work(): pass

    child = os.fork()
    work()
    if child:
        os.waitpid(child, 0)
"""
BROKEN = """
import os, sys

def work(): pass

print("before", flush=True)
os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
work()
print("after", file=sys.stderr)
"""
AT_ONCE = """
    import os, sys

    def work(): pass

    work()
    os.write(1, b"MARK")
"""
WRITTEN = """
    import sys, time

    def work(): pass

    work()
    print(open("out").read().count("work"), file=sys.stderr)
    until = time.monotonic() + 10
    while not open("out").read().count("work") and time.monotonic() < until:
        time.sleep(0.05)
    print(open("out").read().count("work"), file=sys.stderr)
"""
PRINTING = """
    for number in range(2_000):
        print("line", len([number]) + number - 1)
"""
ENDING_SOON = """
import os, signal, time

def work(): pass

work()
time.sleep(2)
"""
INTERRUPTED = """
    import signal, threading

    class Named(type(threading.current_thread())):
        @property
        def name(self):
            if struck:
                signal.raise_signal(struck.pop())
            return "main"

    def work():
        inner()

    def inner(): pass

    struck = []
    threading.current_thread().__class__ = Named
    struck.append(signal.SIGINT)
    work()
"""
"""Its monitor, if it asks for the name of the thread by Python code, is struck by SIGINT."""

MAIN = """
from pikos.cli.pikos_run import main
sys.exit(main())
"""
WITHOUT_EXTENSION = 'import sys\nsys.modules["pikos._events"] = None' + MAIN


@pytest.fixture
def run(python, runtime):
    """Run ``pikos-run`` until it ends."""

    def run(*arguments, **options):
        return python("-m", "pikos.runner", *arguments, **options)

    return run


@pytest.fixture
def on_terminal(runtime, tmp_path):
    """Run ``pikos-run`` on a terminal of its own; what is seen there."""

    def run(*arguments):
        primary, replica = pty.openpty()
        command = [sys.executable, "-m", "pikos.runner", *arguments]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), replica)
        seen = b""
        with subprocess.Popen(command, cwd=tmp_path, **streams) as process:
            os.close(replica)
            with contextlib.suppress(OSError):  # the other side is closed
                while chunk := os.read(primary, 65536):
                    seen += chunk
        os.close(primary)
        assert process.returncode == 0
        return seen.decode().replace("\r\n", "\n")

    return run


@pytest.fixture
def rows(tmp_path):
    """The records of a CSV file, each a dictionary."""

    def rows(name="monitor_records.csv"):
        with open(tmp_path / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return rows


@pytest.fixture
def files(tmp_path):
    """Names of the files that there are."""
    return lambda: sorted(os.listdir(tmp_path))


def outcome(done):
    return done.returncode, done.stdout, done.stderr


def names(rows):
    return [(row["type"], row["function"]) for row in rows]


def test_the_help_has_all_that_it_had_from_the_beginning(run):
    """S18: description, operands and options."""
    done = run("--help")

    text = " ".join(done.stdout.split())
    assert done.returncode == 0
    for words in (
        "usage: pikos-run [-h] [-o OUTPUT] [--buffered] [--recording {screen,text,csv}]",
        "[--flush-each]",
        "[--focused-on FOCUSED_ON]",
        "{functions,line_memory,lines,function_memory",
        "Execute the python script inside the pikos monitor context.",
        "The monitor to use",
        "script The script to run.",
        "show this help message and exit",
        "-o, --output OUTPUT" if sys.version_info >= (3, 13) else "-o OUTPUT, --output OUTPUT",
        "Output results to a file",
        "--buffered Use a buffered stream",
        "--flush-each Write each record at once",
        "--recording {screen,text,csv} Select the type of recording to use.",
        "--focused-on FOCUSED_ON Provide the module path(s) of the method where recording",
        "will be focused. Comma separated list of importable functions",
        "--filter FILTER",
        "--fields FIELDS",
        "--threads {all,current}",
        "-m MODULE",
        "-c CODE",
    ):
        assert words in text


@pytest.mark.parametrize("monitor", MONITORS)
def test_a_monitor_makes_its_records(run, write, rows, monitor):
    """S23, S27: each monitor, into the default file of the current directory."""
    write("script.py", SCRIPT)

    done = run(monitor, "--recording", "csv", "script.py", "a")

    assert outcome(done) == (0, "ran a\n", "")
    assert tuple(rows()[0]) == RECORDS[monitor]._fields
    assert "helper" in {row["function"] for row in rows()}


@pytest.mark.parametrize("where", ["a terminal", "a pipe"])
def test_records_go_to_the_screen_among_what_the_script_prints(run, write, on_terminal, where):
    """S21, S17, P4: with a header, in the order of what happens; in a pipe, if it is asked for."""
    write("script.py", "def work():\n    print('hello')\nwork()")

    if where == "a terminal":
        lines = on_terminal("functions", "script.py").splitlines()
    else:
        lines = run("functions", "--flush-each", "script.py").stdout.splitlines()

    assert lines[0].split() == list(monitors.FunctionRecord._fields)
    assert set(lines[1]) == {"-"}
    assert [line.split()[:3] for line in lines[2:]] == [
        ["0", "call", "<module>"],
        ["1", "call", "work"],
        ["2", "c_call", "print"],
        ["hello"],
        ["3", "c_return", "print"],
        ["4", "return", "work"],
        ["5", "return", "<module>"],
    ]
    assert lines[2].split()[3:] in (["1", "script.py"], ["0", "script.py"])


@pytest.mark.parametrize("where", ["a terminal", "a pipe"])
def test_records_are_written_in_blocks_among_whole_lines(run, write, on_terminal, where):
    """P4: into a pipe, and with ``--buffered`` on a terminal; none is lost or torn."""
    write("script.py", PRINTING)

    if where == "a terminal":
        output = on_terminal("functions", "--buffered", "script.py")
    else:
        output = run("functions", "script.py").stdout
    lines = output.splitlines()[2:]
    indexes = [int(line.split()[0]) for line in lines if line.endswith("script.py")]

    assert indexes == list(range(len(indexes)))
    assert len(indexes) > 8_000
    assert [line for line in lines if not line.endswith("script.py")] == [
        f"line {number}" for number in range(2_000)
    ]


def test_a_text_recording_has_a_default_file(run, write, tmp_path):
    """S21: text."""
    write("script.py", "print(1)")

    done = run("lines", "--recording", "text", "script.py")

    lines = (tmp_path / "monitor_records.log").read_text().splitlines()
    assert outcome(done) == (0, "1\n", "")
    assert lines[2:] == [monitors.LineRecord.line.format(0, "<module>", 1, "print(1)", "script.py")]


@pytest.mark.parametrize("recording", [[], ["--recording", "text"], ["--recording", "csv"]])
def test_the_output_lands_in_the_file_that_is_named(run, write, files, tmp_path, recording):
    """S19, B14: for text, for CSV, and instead of the screen."""
    write("script.py", "print(1)")

    done = run("lines", *recording, "-o", "out.put", "script.py")

    assert outcome(done) == (0, "1\n", "")
    assert files() == ["out.put", "script.py"]
    assert "<module>" in (tmp_path / "out.put").read_text().splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        ["line_memory", "script.py", "--recording", "csv", "--focused-on=helper"],
        ["--recording=csv", "--focused-on", "helper", "line_memory", "script.py"],
        [
            "line_memory",
            "--recording=csv",
            "script.py",
            "-omonitor_records.csv",
            "--focused-on=helper",
        ],
    ],
    ids=" ".join,
)
def test_options_may_stand_anywhere_before_the_arguments(run, write, rows, words):
    """S25, S26: the command of the documentation, and others of its kind."""
    write("script.py", SCRIPT)

    done = run(*words, "a", "-o", "b", "--recording", "--", "-h")

    assert outcome(done) == (0, "ran a -o b --recording -- -h\n", "")
    assert [(row["index"], row["lineNo"], row["line"], row["filename"]) for row in rows()] == [
        ("0", "5", "    return number + 1", "script.py"),
        ("1", "5", "    return number + 1", "script.py"),
    ]


def test_after_two_dashes_all_belongs_to_the_script(run, write):
    """B14."""
    write("script.py", "import sys; print(sys.argv)")

    done = run("lines", "-o", "out", "--", "script.py", "-o", "x", "--", "--buffered")

    assert outcome(done) == (0, "['script.py', '-o', 'x', '--', '--buffered']\n", "")


@pytest.mark.parametrize(
    ("options", "waits"),
    [([], False), (["--buffered"], True), (["--flush-each"], False)],
    ids=["default", "buffered", "each"],
)
def test_records_on_a_terminal_wait_only_if_they_may(write, on_terminal, options, waits):
    """S20, B14, P4: each record is visible at once; with --buffered, not before a flush."""
    write("script.py", AT_ONCE)

    output = on_terminal("functions", *options, "script.py")

    before, _, after = output.partition("MARK")
    assert ("work" in before, "work" in after) == (not waits, waits)


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("recording", ["screen", "text", "csv"])
def test_records_in_pipes_and_files_are_written_in_time(run, write, recording, each):
    """S20, P4: blocks, at least once a second; with --flush-each, each at once."""
    write("script.py", WRITTEN)
    options = ["--flush-each"] * each

    with open(write("out", ""), "r+") as out:
        where = ["-o", "out"] if recording != "screen" else []
        done = run(
            "lines", *where, "--recording", recording, *options, "script.py",
            capture_output=False, stdout=out, stderr=subprocess.PIPE,
        )  # fmt: skip

    at_once, in_time = done.stderr.split()
    assert done.returncode == 0
    assert (int(at_once) > 0) is each
    assert int(in_time) > 0


def test_options_that_exclude_each_other_are_refused(answer, write):
    """P4."""
    write("script.py", "print('ran')")

    done = answer(pikos_run.main, "lines", "--buffered", "--flush-each", "script.py")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--buffered and --flush-each exclude each other" in done.stderr


@pytest.mark.parametrize("ending", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGTERM)"])
@pytest.mark.parametrize("recording", ["screen", "csv"])
def test_records_that_are_a_second_old_are_there_however_a_script_ends(
    run, write, tmp_path, recording, ending
):
    """P4, R4: after os._exit and a signal's default action."""
    write("script.py", ENDING_SOON + ending)

    done = run("functions", "--recording", recording, "script.py")

    csv_file = tmp_path / "monitor_records.csv"
    records = done.stdout if recording == "screen" else csv_file.read_text()
    assert done.returncode == (3 if "_exit" in ending else -signal.SIGTERM)
    assert records.count("work") == 2


@pytest.mark.parametrize(
    ("focus", "functions"),
    [
        ("helper", {"helper"}),
        ("Thing.grow", {"grow", "helper", "len"}),
        ("Thing", {"grow", "helper", "len"}),
        (" helper , aside.Aside.work", {"helper", "work"}),
        ("aside.work", {"work"}),
        ("script.helper", {"helper"}),
    ],
)
def test_recording_is_focused_on_functions_and_the_script_runs_once(
    run, write, rows, focus, functions
):
    """S22, B15: of the script and of modules, by any of their names."""
    write("aside.py", "def work(): pass\nclass Aside:\n    def work(self): pass")
    write("script.py", SCRIPT + "\n    import aside; aside.work(); aside.Aside().work()")

    done = run("functions", "--recording", "csv", "--focused-on", focus, "script.py")

    assert outcome(done) == (0, "ran\n", "")
    assert {row["function"] for row in rows()} == functions


def test_a_function_of_a_module_that_is_run_is_focused_on(run, write, rows):
    """S22: the module is its own program, and is not imported a second time."""
    write("package/__init__.py", "")
    write("package/script.py", SCRIPT)

    done = run(
        "functions", "--recording", "csv", "--focused-on", "package.script.helper",
        "-m", "package.script", "-o", "x",
    )  # fmt: skip

    assert outcome(done) == (0, "ran -o x\n", "")
    assert names(rows()) == [("call", "helper"), ("return", "helper")] * 2


@pytest.mark.parametrize("focus", ["nothing.", "no form", "aside.py", "aside", "script.py:"])
def test_what_cannot_be_focused_on_is_told_before_the_script_runs(answer, write, files, focus):
    """S22: and nothing is written."""
    write("aside.py", "kept = 1")
    write("script.py", SCRIPT)

    words = ("functions", "--recording", "csv", "--focused-on", f"helper,{focus}", "script.py")
    done = answer(pikos_run.main, *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"pikos-run: cannot focus on {focus}: ")
    assert "monitor_records.csv" not in files()


IMPORTING = """
    print("started")
    import sys
    import package.work as work
    from package import again, bound, Thing
    work.plain(); bound(); Thing().method(); Thing.make(); work.marked()
    import importlib
    importlib.reload(work).plain()
    sys.exit(5)
"""
IMPORTED = """
    import functools
    print("imported", __name__)

    def marking(function):
        @functools.wraps(function)
        def wrapper(): return function()
        return wrapper

    def plain(): return 1
    def elsewhere(): return 2
    @marking
    def marked(): return 3

    class Thing:
        def method(self): return 4
        @classmethod
        def make(cls): return 5
"""


@pytest.mark.parametrize("command", [("functions",), ("line_memory",), ("function_memory",)])
@pytest.mark.parametrize(
    "focus",
    [
        "package.work.plain,package.bound,package.Thing.method,package.work.Thing.make,package.work.marked",
        "plain,elsewhere,Thing,marked",
        "work.py:plain,package/work.py:elsewhere,work.py:Thing,work.py:marked",
    ],
)
def test_functions_of_modules_are_focused_on_when_the_program_imports_them(
    run, write, rows, command, focus
):
    """P3, R5: nothing is imported for it; a module that is loaded again is recorded again."""
    write("package/__init__.py", "from .work import elsewhere as bound, Thing\nagain = 1")
    write("package/work.py", IMPORTED)
    write("script.py", IMPORTING)

    done = run(*command, "--recording", "csv", "--focused-on", focus, "script.py")

    assert outcome(done) == (5, "started\nimported package.work\nimported package.work\n", "")
    recorded = [row["function"] for row in rows() if row.get("type", "call") == "call"]
    assert recorded == ["plain", "elsewhere", "method", "make", "marked", "plain"]


def test_pytest_rewrites_the_assertions_of_the_module_that_is_focused_on(run, write, rows):
    """P3: the module is imported by pytest."""
    write("test_it.py", "def test_values():\n    value = 1\n    assert value == 2")

    done = run(
        "functions", "--recording", "csv", "--focused-on", "test_it.test_values", "-m", "pytest",
        "-q", "-p", "no:cacheprovider", "test_it.py",
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (1, "")
    assert "assert 1 == 2" in done.stdout
    assert names(rows())[0] == ("call", "test_values")


@pytest.mark.parametrize("status", [0, 3])
def test_a_name_that_never_appeared_is_told_at_the_end(run, write, status):
    """P3, R5: in one line; the exit status is the program's."""
    write("script.py", f"import sys\ndef work(): pass\nwork()\nsys.exit({status})")

    done = run(
        "functions", "--recording", "csv", "--focused-on", "work,absent.work,missing", "script.py"
    )

    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr == (
        "pikos-run: not found to focus on: absent.work: the program has imported no function of "
        "that name; missing: it is none of the program's functions: work\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["script.py", "a", "b"], ["package"], ["-m", "package.inner", "-o", "--buffered"]],
    ids=" ".join,
)
def test_a_program_finds_everything_as_under_python(run, python, write, arguments):
    """S24, B14: its names, its arguments, its path."""
    for name in ("script.py", "package/__main__.py", "package/inner.py"):
        write(name, "    import re" + FACTS)
    write("package/__init__.py", "")

    assert outcome(run("functions", "-o", "out", *arguments)) == outcome(python(*arguments))


def test_code_is_run_that_is_given_as_text(run, python, rows):
    """B14."""
    code = "import sys; print(sys.argv, __name__)"

    done = run("functions", "--recording", "csv", "-c", code, "-o", "x")

    assert outcome(done) == outcome(python("-c", code, "-o", "x"))
    assert ("c_call", "print") in names(rows())


def test_classes_of_the_script_travel_between_processes(run, write):
    """S24, B14: by pickle and multiprocessing."""
    write("script.py", PICKLED)

    done = run("lines", "-o", "out", "script.py")

    assert (done.returncode, done.stdout) == (0, "1\n2\n")
    assert without_children(done.stderr) == ""


@pytest.mark.parametrize(
    "ending",
    [
        "raise ValueError('x')",
        "raise SystemExit",
        "raise SystemExit(3)",
        "raise SystemExit('that is all')",
        "raise KeyboardInterrupt",
    ],
)
def test_a_script_ends_as_under_python_and_its_records_are_whole(run, python, write, rows, ending):
    write("script.py", f"def work():\n    {ending}\nwork()")

    ours = run("functions", "--recording", "csv", "script.py")
    theirs = python("script.py")

    assert outcome(ours) == outcome(theirs)
    assert names(rows()) == [
        ("call", "<module>"), ("call", "work"), ("return", "work"), ("return", "<module>"),
    ]  # fmt: skip


def test_lines_are_known_by_relative_names_also_after_the_script_has_moved(run, write, rows):
    """S26: the name of the file is as it was given."""
    write("below/script.py", "import os\nos.chdir('/')\nx = 1  # kept")

    run("lines", "--recording", "csv", "below/script.py")

    assert (rows()[-1]["line"], rows()[-1]["filename"]) == ("x = 1  # kept", "below/script.py")


@pytest.mark.parametrize("options", [(), ("--flush-each",)])
def test_a_script_s_code_has_the_name_that_python_gives_it(run, write, rows, python, options):
    """P23: its source is found after it has moved, and records have the name as it was given."""
    script = write(
        "below/script.py",
        """
        import linecache, os
        def f(): return linecache.getline(f.__code__.co_filename, 3)
        os.chdir("/")
        print(f.__code__.co_filename, f())
        """,
    )
    bare = python("below/script.py", cwd=script.parents[1])

    done = run("functions", "--recording", "csv", *options, "below/script.py")

    assert (done.stdout, done.stderr) == (bare.stdout, "")
    assert "def f()" in bare.stdout
    assert {row["filename"] for row in rows() if row["function"] == "f"} == {"below/script.py"}


def test_nothing_of_pikos_is_recorded(run, rows):
    """B10: neither the runner's frames nor what it calls."""
    run("functions", "--recording", "csv", "-c", "pass")

    assert names(rows()) == [("call", "<module>"), ("return", "<module>")]


@pytest.mark.parametrize("threads", ["all", "current"])
def test_other_threads_are_recorded_to_their_end_unless_told_otherwise(run, write, rows, threads):
    write("script.py", THREADED)

    done = run("functions", "--recording", "csv", "--threads", threads, "script.py")

    assert outcome(done) == (0, "", "")
    assert (("return", "late") in names(rows())) is (threads == "all")


@pytest.mark.parametrize("where", ["a terminal", "a pipe"])
def test_a_script_that_closes_its_output_has_its_records(run, write, on_terminal, where):
    """P4, P11: as ``json.tool`` does."""
    write("script.py", "import sys\nprint('last')\nsys.stdout.close()\nlen('x')")

    if where == "a terminal":
        lines = on_terminal("functions", "script.py").splitlines()
    else:
        done = run("functions", "script.py")
        lines = done.stdout.splitlines()
        assert (done.returncode, done.stderr) == (0, "")

    records = [line.split() for line in lines[2:] if line != "last"]
    assert "last" in lines
    assert [int(record[0]) for record in records] == list(range(len(records)))
    assert records[-2][1:3] == ["c_return", "len"]


def test_without_an_output_a_file_is_asked_for(python):
    """P11."""
    done = python("-c", "import sys\nsys.stdout = None\n" + MAIN, "functions", "-c", "")

    assert done.returncode == 2
    assert "there is no standard output to record on: give -o FILE" in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("options", [[], ["--buffered"], ["--flush-each"]], ids=str)
def test_a_child_that_the_script_forks_records_nothing(run, write, rows, options):
    write("script.py", FORKED)

    done = run("functions", "--recording", "csv", *options, "script.py")

    assert done.returncode == 0
    assert names(rows()).count(("call", "work")) == 1
    assert [int(row["index"]) for row in rows()] == list(range(len(rows())))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("where", ["a terminal", "a pipe"])
@pytest.mark.parametrize("options", [[], ["--buffered"], ["--flush-each"]], ids=str)
def test_a_child_that_the_script_forks_writes_nothing_on_the_screen(
    run, write, on_terminal, where, options
):
    """P1: neither records of its own nor, by a stream's buffer, those of its parent again."""
    write("script.py", FORKED)

    if where == "a terminal":
        output = on_terminal("functions", *options, "script.py")
    else:
        output = run("functions", *options, "script.py").stdout

    lines = without_children(output).splitlines()
    assert [int(line.split()[0]) for line in lines[2:]] == list(range(len(lines) - 2))
    assert sum(line.split()[1:3] == ["call", "work"] for line in lines) == 1


def test_a_reader_that_goes_away_ends_the_records_and_not_the_script(write, tmp_path):
    """P4: as ``pikos-run functions script.py | head`` does."""
    write(
        "script.py", PRINTING.replace('print("line"', "max(0") + "    import sys\n    sys.exit(4)"
    )
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "pikos.runner", "functions", "script.py"]

    with open(reader) as lines:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        lines.readline()
    _, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (4, b"")


def test_records_are_filtered_by_all_that_is_given(run, write, rows):
    write("script.py", SCRIPT)

    run(
        "functions", "--recording", "csv", "--filter", "function=helper,grow",
        "--filter", "type!=return", "--filter", "changed:function", "script.py",
    )  # fmt: skip

    assert names(rows()) == [("call", "grow"), ("call", "helper")]


def test_records_have_the_fields_that_are_asked_for(run, write, rows):
    write("script.py", SCRIPT)

    run("functions", "--recording", "csv", "--fields", "function, time_ns", "script.py")

    times = [int(row["time_ns"]) for row in rows()]
    assert list(rows()[0]) == ["function", "time_ns"]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--flush-each"],
        ["--recording", "csv", "--fields", "function"],
        ["--filter", "function=x", "--filter", "changed:type", "--threads", "current"],
        ["--focused-on", "json.dumps"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("monitor", MONITORS)
def test_what_makes_the_records_is_printed_on_request(run, monitor, options):
    """P4: all that a command line can ask for is done in C, where there is the extension."""
    options = [option.replace("type", "function") for option in options]

    done = run(monitor, *options, "--debug", "-c", "")

    if EVENTS is None:
        assert done.stderr.startswith("pikos-run: records are made by Python: ")
    else:
        assert done.stderr == "pikos-run: records are made by C\n"


def test_why_python_makes_the_records_is_printed_on_request(python):
    """P4."""
    done = python("-c", WITHOUT_EXTENSION, "functions", "--debug", "-c", "")

    assert re.match(
        "pikos-run: records are made by Python: pikos._events.* is not there", done.stderr
    )


@pytest.mark.parametrize(("ending", "status"), [("", 1), ("raise SystemExit(4)", 4)])
def test_a_recording_that_fails_is_told_and_the_script_goes_on(run, write, ending, status):
    write("script.py", BROKEN + ending)

    done = run("functions", "--filter", "function=work", "script.py")

    assert done.returncode == status
    assert done.stdout.endswith("before\n")
    assert re.fullmatch(
        r"after\npikos-run: FunctionMonitor stopped recording: .*No space left.*\n", done.stderr
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_recording_that_cannot_begin_is_told_and_the_script_is_not_run(run):
    done = run("functions", "-o", "/dev/full", "-c", "print('ran')")

    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch("pikos-run: nothing can be recorded: .*No space left.*\n", done.stderr)


def test_a_file_that_cannot_be_opened_is_told_with_what_to_do(run, write, tmp_path):
    """A link at the default name is not followed: somebody else may have put it there."""
    victim = write("victim", "precious")
    (tmp_path / "monitor_records.csv").symlink_to(victim)

    done = run("functions", "--recording", "csv", "-c", "print('ran')")

    assert (done.returncode, done.stdout) == (2, "")
    assert "symbolic link" in done.stderr
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["pikos-run --help", "monitor"]),
        (["functions"], ["name a script"]),
        (["fly", "script.py"], ["fly", "functions"]),
        (["functions", "missing.py"], ["missing.py", "No such file"]),
        (["functions", "-m", "missing"], ["missing", "no module"]),
        (["functions", "--colour", "script.py"], ["--colour"]),
        (["functions", "--recording", "tape", "script.py"], ["tape", "csv"]),
        (["functions", "--fields", "weight", "script.py"], ["--fields", "weight", "RSS"]),
        (["functions", "--fields", "index,,RSS", "script.py"], ["--fields", "index,,RSS"]),
        (["functions", "--filter", "main", "script.py"], ["--filter", "FIELD=VALUE"]),
        (["functions", "--filter", "lineNo=x", "script.py"], ["--filter", "no number"]),
        (["functions", "--filter", "RSS=1", "script.py"], ["RSS", "index, type, function"]),
        (["functions", "--focused-on", "", "script.py"], ["--focused-on"]),
        (["functions", "-o", "nowhere/file", "script.py"], ["-o", "nowhere", "make it"]),
        (["real_time", "--recording", "csv", "script.py"], ["--recording", "real_time"]),
        (["real_time", "--focused-on", "main", "script.py"], ["--focused-on", "real_time"]),
    ],
    ids=" ".join,
)
def test_a_command_line_that_makes_no_sense_is_answered_with_what_to_do(
    answer, write, files, arguments, words
):
    """P27: in one line."""
    write("script.py", "print('ran')")
    write("monitor_records.csv", "precious")

    options = ["--recording=csv"] if arguments[:1] == ["functions"] else []
    done = answer(pikos_run.main, *options, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr
    assert files() == ["monitor_records.csv", "script.py"]
    assert write("aside", "").with_name("monitor_records.csv").read_text() == "precious"


def test_the_real_time_profiler_prints_its_profile(run, write):
    write("script.py", SCRIPT)

    done = run("real_time", "script.py", "a")

    assert (done.returncode, done.stdout) == (0, "ran a\n")
    assert "Ordered by: cumulative time" in done.stderr
    assert "(helper)" in done.stderr


def test_the_real_time_profiler_saves_its_profile(run, write, tmp_path):
    write("script.py", SCRIPT)

    done = run("real_time", "-o", "out.pstats", "script.py", "a")

    assert outcome(done) == (0, "ran a\n", "")
    assert "helper" in {name for _, _, name in pstats.Stats(str(tmp_path / "out.pstats")).stats}


def test_pikos_run_records_with_a_monitor(pikos, write, rows):
    write("script.py", SCRIPT)

    done = pikos(
        "run", "--monitor", "functions", "--recording", "csv", "--focused-on", "helper",
        "script.py", "-o", "x",
    )  # fmt: skip

    assert outcome(done) == (0, "ran -o x\n", "")
    assert names(rows()) == [("call", "helper"), ("return", "helper")] * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--recording", "csv"], ["--recording", "--monitor"]),
        (["--monitor", "lines", "--live"], ["--live", "profiler"]),
        (["--monitor", "lines", "-s", "cumtime"], ["-s", "profiler"]),
        (["--monitor", "lines", "--wait-for-viewer", "1"], ["--wait-for-viewer", "profiler"]),
    ],
    ids=" ".join,
)
def test_pikos_run_refuses_what_does_not_go_together(answer, write, options, words):
    write("script.py", "print('ran')")

    done = answer(main.main, "run", *options, "script.py")

    assert (done.returncode, done.stdout) == (2, "")
    for word in words:
        assert word in done.stderr


def test_an_interrupt_ends_the_script_as_under_python(write, runtime, tmp_path, rows):
    write("script.py", "import sys\ndef wait():\n    print('.', flush=True)\n    input()\nwait()")
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-m", "pikos.runner", "functions", "--recording", "csv", "script.py"]

    with subprocess.Popen(command, cwd=tmp_path, text=True, **pipes) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)

    assert process.returncode == -signal.SIGINT
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    assert ("call", "wait") in names(rows())


def test_an_interrupt_that_strikes_in_the_hook_ends_the_script_no_less(python, write):
    """The interpreter may take a hook off that raises: the script has ended, nothing failed."""
    script = write("script.py", INTERRUPTED)

    done = python(
        "-c", WITHOUT_EXTENSION, "functions", "--fields", "type,function,thread_name",
        "--filter", "type=call", "script.py",
    )  # fmt: skip

    assert done.returncode == -signal.SIGINT
    assert done.stderr.splitlines()[-1] == "KeyboardInterrupt"
    assert re.findall('File "(.*)"', done.stderr) == [str(script)]
    assert "current_thread" in done.stdout.splitlines()[-1]
