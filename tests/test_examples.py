"""The examples run, and show what they are there to show."""

from __future__ import annotations

import csv
import itertools
import pstats
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.deadlines import DEADLINE_S
from support.publisher import until
from support.runtime import runtime
from support.waiting import wait_until
from support.web import fetch

from pikos.live import subscribe
from pikos.live.sessions import list_sessions
from pikos.model import Model

__all__ = ["runtime"]


@pytest.fixture
def examples(repository):
    """The directory of the examples."""
    return repository / "examples"


def test_every_example_is_tested_here(examples):
    """B27."""
    assert {path.name for path in examples.glob("*.py")} == {
        "cprofile_example.py",
        "demo_program.py",
        "leaky.py",
        "mandelbrot_set_example.py",
        "memory_spikes.py",
        "mounted_viewer.py",
        "real_time_profiler.py",
        "simple_alloc.py",
        "viewer.py",
    }


def test_the_demo_program_ends_by_itself(python, examples):
    done = python(examples / "demo_program.py", "0.5")

    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "count_primes",
        "count_words",
        "grow_tree",
    ]


def test_the_demo_program_has_all_that_a_profile_shows(python, examples, tmp_path):
    done = python("-m", "pikos", "run", "-o", "out", examples / "demo_program.py", "1")

    assert done.returncode == 0
    stats = {
        name: counts for (_, _, name), counts in pstats.Stats(str(tmp_path / "out")).stats.items()
    }
    primitive, calls, *_ = stats["fibonacci"]
    assert 0 < primitive < calls
    assert stats["is_prime"][1] > 1_000
    assert stats["<built-in method builtins.any>"][3] > 0.15
    assert {"count_words", "block", "repeat"} <= set(stats)


def test_the_demo_shows_tables_without_a_terminal_and_ends(python, examples, runtime):
    demo = ["run", "--live", examples / "demo_program.py", "2.5"]

    done = python("-m", "pikos", *demo)

    assert done.returncode == 0
    assert done.stderr.count("fibonacci") >= 2
    assert "open calls" in done.stderr
    assert "fibonacci" not in done.stdout


def test_the_viewer_shows_a_running_program(examples, runtime):
    demo = [sys.executable, "-m", "pikos", "run", "--wait-for-viewer", "120"]
    program = subprocess.Popen(
        [*demo, examples / "demo_program.py", "1"], stdout=subprocess.DEVNULL
    )
    try:
        until(list_sessions, "a session")
        viewer = subprocess.run(
            [sys.executable, examples / "viewer.py", str(program.pid)],
            check=True,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
    finally:
        program.kill()
        program.wait()

    assert "fibonacci" in viewer.stdout


@pytest.fixture(scope="module")
def mandelbrot(tmp_path_factory):
    """The file that the seed's command makes, run once from a directory like the seed's."""
    place = tmp_path_factory.mktemp("mandelbrot")
    name = "examples/mandelbrot_set_example.py"
    (place / "examples").mkdir()
    shutil.copy(Path(__file__).parent.parent / name, place / name)
    monitor = ["-m", "pikos.runner", "line_memory"]
    options = ["--recording", "csv", "--focused-on=mandelbrot"]
    subprocess.run(
        [sys.executable, *monitor, name, *options], cwd=place, check=True, timeout=DEADLINE_S
    )
    return place / "monitor_records.csv"


def test_the_mandelbrot_example_gives_the_records_of_the_seed(mandelbrot):
    """S25, S26, S27: 126 records of the lines of one function, in the default file."""
    with open(mandelbrot, newline="", encoding="utf-8") as file:
        names, *records = csv.reader(file)

    assert names == ["index", "function", "lineNo", "RSS", "VMS", "line", "filename"]
    assert len(records) == 126
    assert [int(record[0]) for record in records] == list(range(126))
    loop = [21, 22, 23, 24, 25, 26]
    assert [int(record[2]) for record in records] == [16, 17, 18, 19, *loop * 20, 21, 28]
    assert {record[1] for record in records} == {"mandelbrot"}
    assert {record[6] for record in records} == {"examples/mandelbrot_set_example.py"}
    assert all(0 < int(record[3]) <= int(record[4]) for record in records)
    assert records[0][5] == "    y, x = ogrid[-1.4 : 1.4 : h * 1j, -2 : 0.8 : w * 1j]"


def test_the_csv_file_is_quoted_where_it_must_be(mandelbrot):
    """S26: as in the sample, only the fields with commas are quoted."""
    lines = mandelbrot.read_bytes().split(b"\r\n")

    assert lines[1].count(b'"') == 2
    assert lines[2].count(b'"') == 0


def test_the_seed_s_way_to_plot_works(mandelbrot):
    """S28: numpy.loadtxt as it is written there."""
    data = np.loadtxt(mandelbrot, usecols=[0, 3], delimiter=",", skiprows=1)

    assert data.shape == (126, 2)
    assert list(data[:, 0]) == list(range(126))


def test_pikos_plots_the_seed_s_picture(mandelbrot, python, tmp_path):
    """S28: in one command."""
    done = python("-m", "pikos", "plot", mandelbrot, "-o", "memory.png")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "memory.png").stat().st_size > 10_000


def test_the_mandelbrot_example_saves_a_picture(python, examples, tmp_path):
    done = python(examples / "mandelbrot_set_example.py", "set.png")

    assert done.returncode == 0, done.stderr
    assert "of 160000 points are in the set" in done.stdout
    assert (tmp_path / "set.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("option", "name"), [([], "legacy"), (["--fixed"], "fixed")])
def test_memory_spikes_shows_the_memory_of_a_call(python, examples, option, name):
    done = python(examples / "memory_spikes.py", "--small", *option)

    lines = [line.split(" | ") for line in done.stdout.splitlines() if " | " in line]
    events = [(line[1].strip(), line[2].strip()) for line in lines[1:]]
    assert done.returncode == 0, done.stderr
    assert events == [("call", name), ("call", "add_up"), ("return", "add_up"), ("return", name)]
    held = int(lines[2][3]) - int(lines[1][3])
    assert (held > 4_000_000) == (name == "legacy")
    assert done.stdout.endswith("the sum is 199,999,000\n")


def test_simple_alloc_records_each_line_s_memory(python, examples, tmp_path):
    done = python(examples / "simple_alloc.py", "30")

    with open(tmp_path / "monitor_records.csv", newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    sizes = [int(record["RSS"]) for record in records]
    assert done.returncode == 0, done.stderr
    assert [record["function"] for record in records] == ["fill"] * 3
    assert all(after - before > 20 * 2**20 for before, after in itertools.pairwise(sizes))


def test_the_leak_is_seen_while_it_grows(examples, runtime):
    program = subprocess.Popen(
        [sys.executable, examples / "leaky.py", "0.5"], stdout=subprocess.PIPE, text=True
    )
    model = Model()
    try:
        until(list_sessions, "a session")
        with subscribe(program.pid, timeout=DEADLINE_S) as messages:
            for message in messages:
                model.fold(message)
        output, _ = program.communicate(timeout=DEADLINE_S)
    finally:
        program.kill()
        program.wait()

    assert program.returncode == 0
    assert output.endswith("leaked 5 MiB\n")
    (records,) = model.snapshot().records.values()
    assert records.received + records.missed == 10
    assert set(records.column("function")) == {"step"}
    held = records.column("RSS")
    assert held[-1] - held[0] > 3 * 2**20


def test_the_cprofile_example_prints_what_the_method_calls(python, examples):
    done = python(examples / "cprofile_example.py")

    assert done.returncode == 0, done.stderr
    assert "669 primes" in done.stdout
    assert "4998" in next(line for line in done.stdout.splitlines() if "(is_prime)" in line)


def test_the_real_time_profiler_example_profiles_and_ends(python, examples, runtime):
    done = python(examples / "real_time_profiler.py", "0.2")

    assert done.returncode == 0, done.stderr
    assert "to watch it: pikos top" in done.stdout
    assert "(collatz)" in done.stdout
    assert "(longest)" in done.stdout


def test_a_viewer_is_mounted_in_another_application(runtime, examples):
    pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    program = subprocess.Popen(
        [sys.executable, "-m", "pikos", "run", examples / "demo_program.py", "60"],
        stdout=subprocess.DEVNULL,
    )
    wait_until(list_sessions, "the program's session")
    application = subprocess.Popen(
        [sys.executable, examples / "mounted_viewer.py", str(program.pid), str(port)]
    )

    def told(path):
        try:
            return fetch(f"http://127.0.0.1:{port}/{path}")[1].decode()
        except OSError:
            return ""

    try:
        wait_until(lambda: told(""), "the application")
        assert "<title>Pikos</title>" in told("profile/")
        wait_until(lambda: "fibonacci" in told("profile/view"), "the functions of the program")
        assert fetch(f"http://127.0.0.1:{port}/profile/view", Host="evil.example")[0] == 403
    finally:
        for process in (application, program):
            process.kill()
            process.wait()
