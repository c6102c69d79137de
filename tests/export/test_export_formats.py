"""Each format, read by what reads it, or by its rules."""

from __future__ import annotations

import csv
import io
import json
import pstats
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser

import pytest
from support import hostile
from support.callgrind import Callgrind
from support.deadlines import DEADLINE_S
from support.recordings import snapshot_of
from support.session import PROGRAM

from pikos.errors import ExportError
from pikos.export import export, formats
from pikos.export.formats import FORMATS

SELF_NS = {
    "main": 5_995_000_000,
    "Worker.work": 3_003_000_000,
    "time.sleep": 2_000_000,
}
"""What each function cost, open calls included: together as long as main() is open."""
PROFILE_FORMATS = [name for name, form in FORMATS.items() if not form.takes_records]


def written(snapshot, name):
    return b"".join(export(snapshot, name))


def text(snapshot, name):
    return written(snapshot, name).decode("utf-8")


def test_pstats_loads_the_same_counts(snapshot, tmp_path):
    path = tmp_path / "x.pstats"
    path.write_bytes(written(snapshot, "pstats"))

    stats = pstats.Stats(str(path))

    main, work = ("/src/app.py", 3, "main"), ("/src/worker.py", 9, "work")
    assert stats.stats[main] == (0, 0, 5.995, 9.0, {})
    assert stats.stats[work][:4] == (6, 10, 3.003, 3.005)
    assert stats.stats[work][4] == {main: (6, 6, 1.003, 3.005), work: (4, 0, 2.0, 2.0)}
    assert stats.stats["~", 0, "<built-in method time.sleep>"][:4] == (6, 6, 0.002, 0.002)
    assert stats.total_calls == 16


def test_pstats_of_what_has_returned_has_a_row_for_every_caller(snapshot, tmp_path):
    """R2."""
    path = tmp_path / "x.pstats"
    path.write_bytes(written(snapshot.returned(), "pstats"))

    stats = pstats.Stats(str(path))

    main, work = ("/src/app.py", 3, "main"), ("/src/worker.py", 9, "work")
    assert stats.stats[main] == (0, 0, 0.0, 0.0, {})
    assert stats.stats[work][:4] == (6, 10, 0.003, 0.005)
    assert stats.stats[work][4] == {main: (6, 6, 0.003, 0.005), work: (4, 0, 0.0, 0.0)}


def test_pstats_adds_up_functions_of_one_label(tmp_path):
    state = PROGRAM | {
        "function": [(1, 0, 3, "f", "f", "/x"), (2, 0, 3, "f", "f", "/x")],
        "stat": [(1, 3, 1, 0, 100, 200), (2, 4, 0, 0, 10, 20)],
        "edge": [(1, 2, 4, 0, 10, 20), (2, 1, 3, 1, 100, 200)],
        "open_call": [],
    }
    (tmp_path / "x").write_bytes(written(snapshot_of(state), "pstats"))

    stats = pstats.Stats(str(tmp_path / "x"))

    label = ("/x", 3, "f")
    assert stats.stats == {
        label: (6, 7, 110 / 1e9, 220 / 1e9, {label: (7, 6, 110 / 1e9, 220 / 1e9)})
    }


def test_collapsed_stacks_have_each_nanosecond_once(snapshot):
    lines = text(snapshot, "collapsed").splitlines()

    work, sleep = "Worker.work (worker.py:9)", "time.sleep"
    main = "MainThread;main (app.py:3)"
    assert lines == [
        f"{main} 5995000000",
        f"{main};{work} 1002000000",
        f"{main};{work};{work} 2001000000",
        f"{main};{work};{work};{sleep} 2000000",
    ]


def test_a_thread_without_a_name_has_its_number():
    thread = [(*row[:-1], "") for row in PROGRAM["thread"]]

    lines = text(snapshot_of(PROGRAM | {"thread": thread}), "collapsed").splitlines()

    assert {line.partition(";")[0] for line in lines} == {"thread 1"}


def totals(lines):
    """Time by the last frame's name without its place, of collapsed stacks."""
    sums = Counter()
    for line in lines:
        stack, _, ns = line.rpartition(" ")
        sums[stack.rpartition(";")[2].partition(" (")[0]] += int(ns)
    return sums


def test_collapsed_stacks_have_whole_paths_where_asked_for(snapshot):
    """R10: and the same totals."""
    short = text(snapshot, "collapsed").splitlines()
    whole = b"".join(export(snapshot, "collapsed", full_paths=True)).decode().splitlines()

    assert whole[1].startswith("MainThread;main (/src/app.py:3);Worker.work (/src/worker.py:9) ")
    assert len(totals(whole)) == 3
    assert totals(whole) == totals(short)


def test_short_names_keep_functions_apart():
    """R10: a package's name stands for its __init__.py; the whole path where that is not enough."""
    files = ["/a/x.py", "/b/x.py", "/b/y.py", "/c/one/__init__.py", "/c/two/__init__.py"]
    state = {
        "function": [(at, 0, 3, "f", "f", file) for at, file in enumerate(files, 1)],
        "context": [
            (1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
            *((at + 1, 1, 1, at, 0, 0, 1, 0, 0, at, at) for at in range(1, 6)),
        ],
        "thread": [(1, 1, 1, 1, 1, 1, "T")],
    }

    assert text(snapshot_of(state), "collapsed").splitlines() == [
        "T;f (/a/x.py:3) 1",
        "T;f (/b/x.py:3) 2",
        "T;f (y.py:3) 3",
        "T;f (one/__init__.py:3) 4",
        "T;f (two/__init__.py:3) 5",
    ]


def test_whole_paths_are_refused_where_there_are_no_others(snapshot):
    with pytest.raises(ExportError, match="leave out --full-paths"):
        list(export(snapshot, "csv", full_paths=True))


def test_a_semicolon_in_a_name_is_no_end_of_a_frame():
    state = hostile.program("a;b")

    lines = text(snapshot_of(state), "collapsed").splitlines()

    assert [line.count(";") for line in lines] == [1, 2, 3, 4]
    assert "a:b" in lines[0]


def test_speedscope_has_what_its_schema_asks_for(snapshot):
    told = json.loads(text(snapshot, "speedscope"))

    check_speedscope(told)
    (profile,) = told["profiles"]
    own = Counter()
    for stack, weight in zip(profile["samples"], profile["weights"], strict=True):
        own[told["shared"]["frames"][stack[-1]]["name"]] += weight
    assert {name: own[name] for name in SELF_NS} == SELF_NS
    assert profile["name"] == "MainThread"
    assert told["shared"]["frames"][0] == {"name": "main", "file": "/src/app.py", "line": 3}


def check_speedscope(told):
    """The rules of the published schema for a file with sampled profiles."""
    assert told["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert set(told) <= {
        "$schema", "shared", "profiles", "name", "activeProfileIndex", "exporter"
    }  # fmt: skip
    assert set(told["shared"]) == {"frames"}
    for frame in told["shared"]["frames"]:
        assert set(frame) <= {"name", "file", "line", "col"}
        assert isinstance(frame["name"], str)
        assert isinstance(frame.get("file", ""), str)
        assert isinstance(frame.get("line", 0), int)
    for profile in told["profiles"]:
        assert set(profile) == {
            "type", "name", "unit", "startValue", "endValue", "samples", "weights"
        }  # fmt: skip
        assert profile["type"] == "sampled"
        assert profile["unit"] == "nanoseconds"
        assert len(profile["samples"]) == len(profile["weights"])
        assert profile["endValue"] - profile["startValue"] == sum(profile["weights"])
        frames = range(len(told["shared"]["frames"]))
        assert all(at in frames for stack in profile["samples"] for at in stack)
        assert all(type(weight) is int and weight > 0 for weight in profile["weights"])


def test_chrome_events_stand_within_their_callers(snapshot):
    told = json.loads(text(snapshot, "chrome"))

    check_chrome(told)
    events = [event for event in told["traceEvents"] if event["ph"] == "X"]
    assert [(event["name"], event["dur"]) for event in events] == [
        ("main", 9_000_000.0),
        ("Worker.work", 3_005_000.0),
        ("Worker.work", 2_003_000.0),
        ("time.sleep", 2000.0),
    ]
    assert events[1]["args"] == {
        "calls": 6, "open_calls": 1, "self_ns": 1_002_000_000, "total_ns": 3_005_000_000,
        "file": "/src/worker.py", "line": 9,
    }  # fmt: skip


def check_chrome(told):
    """The rules of the Trace Event Format for complete events and metadata."""
    assert told["displayTimeUnit"] == "ns"
    open_until = {}
    for event in told["traceEvents"]:
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        if event["ph"] == "M":
            assert event["name"] in {"process_name", "thread_name"}
            assert set(event["args"]) == {"name"}
            continue
        assert event["ph"] == "X"
        stack = open_until.setdefault(event["tid"], [])
        end = event["ts"] + event["dur"]
        while stack and event["ts"] >= stack[-1] - 1e-6 and end > stack[-1] + 1e-6:
            stack.pop()
        assert not stack or end <= stack[-1] + 1e-6
        stack.append(end)


def test_callgrind_has_the_same_counts(snapshot):
    told = Callgrind(text(snapshot, "callgrind"))

    assert told.header["events"] == "ns"
    assert told.header["positions"] == "line"
    assert told.header["summary"] == told.header["totals"] == "9000000000"
    assert told.functions == {
        ("???", "(below main)"): {
            "self": 0,
            "line": 0,
            "calls": [("/src/app.py", "main:3", 1, 9_000_000_000)],
        },
        ("/src/app.py", "main:3"): {
            "self": 5_995_000_000,
            "line": 3,
            "calls": [("/src/worker.py", "Worker.work:9", 6, 3_005_000_000)],
        },
        ("/src/worker.py", "Worker.work:9"): {
            "self": 3_003_000_000,
            "line": 9,
            "calls": [
                ("/src/worker.py", "Worker.work:9'2", 4, 2_000_000_000),
                ("~", "time.sleep", 6, 2_000_000),
            ],
        },
        ("~", "time.sleep"): {"self": 2_000_000, "line": 0, "calls": []},
    }


@pytest.mark.skipif(shutil.which("callgrind_annotate") is None, reason="valgrind is not installed")
def test_callgrind_annotate_reads_it(snapshot, tmp_path):
    (tmp_path / "callgrind.out").write_bytes(written(snapshot, "callgrind"))

    done = subprocess.run(
        ["callgrind_annotate", "callgrind.out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr == ""
    assert "9,000,000,000 (100.0%)  PROGRAM TOTALS" in done.stdout
    assert "3,003,000,000 (33.37%)  /src/worker.py:Worker.work:9" in done.stdout


def test_gecko_has_what_the_firefox_profiler_reads(snapshot):
    told = json.loads(text(snapshot, "gecko"))

    check_gecko(told)
    (thread,) = told["threads"]
    own = Counter()
    for stack, weight in zip(thread["samples"]["stack"], thread["samples"]["weight"], strict=True):
        frame = thread["stackTable"]["frame"][stack]
        name = thread["funcTable"]["name"][thread["frameTable"]["func"][frame]]
        own[thread["stringArray"][name]] += round(weight * 1e6)
    assert {name: own[name] for name in SELF_NS} == SELF_NS


def check_gecko(told):
    """The rules of the processed format: tables of equal columns that point into one another."""
    assert {"meta", "libs", "threads", "pages"} == set(told)
    assert told["meta"]["preprocessedProfileVersion"] == 47
    categories = range(len(told["meta"]["categories"]))
    for thread in told["threads"]:
        assert isinstance(thread["pid"], str)
        tables = {name: table for name, table in thread.items() if isinstance(table, dict)}
        for table in tables.values():
            columns = [column for column in table.values() if isinstance(column, list)]
            assert {len(column) for column in columns} == {table["length"]}
        stacks, frames = tables["stackTable"], tables["frameTable"]
        functions, strings = tables["funcTable"], range(len(thread["stringArray"]))
        assert thread["samples"]["weightType"] == "tracing-ms"
        assert all(stack in range(stacks["length"]) for stack in thread["samples"]["stack"])
        assert thread["samples"]["time"] == sorted(thread["samples"]["time"])
        assert all(prefix is None or prefix < at for at, prefix in enumerate(stacks["prefix"]))
        assert all(frame in range(frames["length"]) for frame in stacks["frame"])
        assert all(category in categories for category in stacks["category"])
        assert all(func in range(functions["length"]) for func in frames["func"])
        assert all(name in strings for name in functions["name"])
        assert all(file is None or file in strings for file in functions["fileName"])


def test_csv_has_a_row_for_each_function(snapshot):
    rows = list(csv.DictReader(io.StringIO(text(snapshot, "csv"))))

    assert [row["name"] for row in rows] == list(SELF_NS)
    assert rows[0]["open_calls"] == "1"
    assert rows[1] == {
        "name": "Worker.work",
        "file": "/src/worker.py",
        "line": "9",
        "calls": "10",
        "primitive_calls": "6",
        "resumes": "0",
        "self_ns": "3003000000",
        "cumulative_ns": "3005000000",
        "open_calls": "2",
    }


def test_records_are_exported_as_csv(records):
    rows = list(csv.reader(io.StringIO(text(records, "csv"))))

    assert rows == [
        ["index", "line", "cost"],
        ["0", "'=1+1", "0.5"],
        ["1", 'a "b", c\\nd', "nan"],
        ["2", "'-x", "1.0"],
    ]


def test_records_are_exported_as_json(records):
    told = json.loads(text(records, "json"))

    assert told["records"]["LineRecord"] == {
        "columns": ["index", "line", "cost"],
        "rows": [[0, "=1+1", 0.5], [1, 'a "b", c\nd', None], [2, "-x", 1.0]],
    }


@pytest.mark.parametrize("name", PROFILE_FORMATS)
def test_records_are_no_profile(records, name):
    with pytest.raises(ExportError, match="publishes records, not a profile: export them as csv"):
        written(records, name)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_a_session_of_which_little_is_known(name):
    nothing = snapshot_of(
        {"stat": [(7, 1, 0, 0, 5, 5)], "context": [(9, 8, 1, 7, 0, 0, 1, 0, 0, 5, 5)]}
    )

    assert written(nothing, name) or name == "collapsed"


@pytest.mark.parametrize("name", FORMATS)
def test_a_tree_that_bites_its_tail_does_no_harm(name):
    contexts = [(1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), (2, 3, 1, 1, 0, 0, 1, 0, 0, 5, 5),
                (3, 2, 1, 1, 0, 0, 1, 0, 0, 5, 5), (4, 4, 1, 1, 0, 0, 1, 0, 0, 5, 5)]  # fmt: skip

    content = written(snapshot_of(PROGRAM | {"context": contexts}), name)

    assert content or name == "collapsed"


@pytest.mark.parametrize("name", ["collapsed", "speedscope", "chrome", "gecko", "html"])
def test_a_tree_that_is_deeper_than_any_is_refused(name):
    contexts = [(1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)]
    contexts += [(at, at - 1, 1, 1, 0, 0, 1, 0, 0, 5, 5) for at in range(2, 20_000)]

    with pytest.raises(ExportError, match="more than 5000 deep"):
        written(snapshot_of(PROGRAM | {"context": contexts}), name)


@pytest.mark.parametrize("name", FORMATS)
def test_impossible_counts_do_no_harm(name):
    least, greatest = -(2**63), 2**63 - 1
    state = {
        "function": [(1, greatest, least, "f", "f", "/x")],
        "stat": [(1, greatest, least, least, least, greatest)],
        "edge": [(1, 1, greatest, greatest, least, least)],
        "context": [(1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), (2, 1, 1, 1, 0, 0, least, 0, 0, least, 5)],
        "open_call": [(least, greatest, 1, 2, least, greatest, least, least, greatest, 1)],
        "session": [(1, *[least] * 13)],
    }

    content = written(snapshot_of(state, pid=2**62, started_unix_ns=-1), name)

    assert content or name == "collapsed"


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_names_are_harmless_in_every_format(hostile_snapshot, name):
    content = written(hostile_snapshot, name)

    if name == "pstats":
        pstats.Stats(FakeProfile(content))
        return
    assert all(map(hostile.is_harmless, content.decode().replace("\r\n", "\n").split("\n")))
    check = {"speedscope": check_speedscope, "chrome": check_chrome, "gecko": check_gecko}
    if name in check:
        check[name](json.loads(content))
    elif name == "callgrind":
        assert Callgrind(content.decode()).header["events"] == "ns"


class FakeProfile:
    """What pstats takes in place of a file's name."""

    def __init__(self, content):
        import marshal

        self.stats = marshal.loads(content)

    def create_stats(self):
        names = [name for label in self.stats for name in (label[0], label[2])]
        assert all(map(hostile.is_harmless, names))


def test_a_file_that_would_be_huge_is_refused(snapshot, monkeypatch):
    monkeypatch.setattr(formats, "SIZE_MAX", 1000)

    with pytest.raises(ExportError, match="more than 1,000 bytes"):
        written(snapshot, "html")


class Page(HTMLParser):
    """What is in a page."""

    def __init__(self, content):
        super().__init__()
        self.tags = Counter()
        self.attributes = Counter()
        self.bars = []
        self.rows = []
        self.policy = ""
        self._within = []
        self.feed(content)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attributes)
        if dict(attributes).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attributes)["content"]
        if tag not in {"meta", "input"}:
            self._within.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self._within.pop() == tag

    def handle_data(self, data):
        if self._within[-2:] == ["svg", "text"]:
            self.bars.append(data)
        elif self._within and self._within[-1] == "td":
            self.rows[-1].append(data)


def test_a_report_shows_the_tree_and_the_functions(snapshot):
    page = Page(text(snapshot, "html"))

    assert page.bars == [
        "all threads", "MainThread", "main", "Worker.work", "Worker.work",
        "time.sleep",
    ]  # fmt: skip
    assert page.rows[1] == ["0", "0", "5.995 s", "9.000 s", "1", "main (/src/app.py:3)"]
    assert page.rows[2] == [
        "10", "6", "3.003 s", "3.005 s", "2", "Worker.work (/src/worker.py:9)"
    ]  # fmt: skip


def test_a_report_stands_alone_and_runs_nothing_but_its_own(hostile_snapshot):
    content = text(hostile_snapshot, "html")

    page = Page(content)

    assert page.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert page.tags["script"] == page.tags["style"] == 1
    assert not {"img", "link", "iframe", "a", "object"}.intersection(page.tags)
    assert not {"src", "href", "style", "onclick", "onerror"}.intersection(page.attributes)
    assert "url(" not in content
    assert "@import" not in content


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_a_browser_runs_the_pages_script_and_no_strangers(tmp_path):
    name = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    snapshot = snapshot_of(hostile.program(name), argv=[name], host=name)
    (tmp_path / "x.html").write_bytes(written(snapshot, "html"))

    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
         f"--user-data-dir={tmp_path}/chromium", "x.html"],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=DEADLINE_S,
    )  # fmt: skip

    assert "<title>process 4242: &lt;script&gt;" in done.stdout
    assert "<img" not in done.stdout
    assert done.stdout.count("<script>") == 1
