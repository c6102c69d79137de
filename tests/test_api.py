"""The front door: factories, and the names that are handed on."""

from __future__ import annotations

import asyncio
import csv
import inspect
import os
import textwrap

import pytest
from support.interpreters import newest_only
from support.runtime import runtime

from pikos import api
from pikos.monitors import api as monitors
from pikos.recorders import api as recorders

__all__ = ["runtime"]

FACTORIES = {
    "function_monitor": ("monitor_functions", "FunctionMonitor", "FunctionRecord"),
    "line_monitor": ("monitor_lines", "LineMonitor", "LineRecord"),
    "function_memory_monitor": (
        "memory_on_functions",
        "FunctionMemoryMonitor",
        "FunctionMemoryRecord",
    ),
    "line_memory_monitor": ("memory_on_lines", "LineMemoryMonitor", "LineMemoryRecord"),
    "function_time_monitor": ("time_on_functions", "FunctionTimeMonitor", "FunctionTimeRecord"),
    "line_time_monitor": ("time_on_lines", "LineTimeMonitor", "LineTimeRecord"),
}


def helper(number):
    return number + 1


def stranger(number):
    return number - 1


def functions(recorder):
    """Names of the functions that there are records of."""
    return {record[record._fields.index("function")] for record in recorder.records}


@pytest.fixture
def recorder():
    return api.record_list()


def test_functions_that_are_decorated_are_written_to_a_csv_file(tmp_path, monkeypatch):
    """S16: the snippet of the documentation, with a function that calls others."""
    monkeypatch.chdir(tmp_path)

    from pikos.api import csv_file, function_monitor

    @function_monitor(recorder=csv_file(), focused=True)
    def monitored_function():
        return helper(1)

    stranger(1)
    value = monitored_function()
    stranger(1)
    monitored_function()

    with open("monitor_records.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert value == 2
    assert [(row["index"], row["type"], row["function"]) for row in rows] == [
        (str(index), kind, name)
        for index, (kind, name) in enumerate(
            [
                ("call", "monitored_function"),
                ("call", "helper"),
                ("return", "helper"),
                ("return", "monitored_function"),
            ]
            * 2
        )
    ]


@pytest.mark.parametrize(
    "use",
    [
        """
        monitor.enable()
        helper(1)
        monitor.disable()
        """,
        """
        with monitor:
            helper(1)
        """,
        """
        @monitor.attach
        def monitored_function():
            helper(1)

        monitored_function()
        """,
    ],
    ids=["enable", "with", "attach"],
)
def test_usage_in_code_writes_to_the_screen(capsys, use):
    """S13, S14, S15, S17, B27: the documented snippets, Monitor read as FunctionMonitor."""
    before = """
        from pikos.api import screen
        from pikos.monitors.api import FunctionMonitor

        monitor = FunctionMonitor(recorder=screen())
    """

    exec(textwrap.dedent(before) + textwrap.dedent(use), {"helper": helper})

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == monitors.FunctionRecord.header.format(*monitors.FunctionRecord._fields)
    assert lines[1] == "-" * len(lines[0])
    assert [line.split()[1:3] for line in lines if " helper " in line] == [
        ["call", "helper"],
        ["return", "helper"],
    ]


def test_the_base_of_all_monitors_says_which_to_make():
    with pytest.raises(TypeError, match="FunctionMonitor"):
        api.Monitor(recorder=api.screen())


@pytest.mark.parametrize("name", FACTORIES)
def test_a_factory_has_two_spellings(name):
    """S16."""
    other, _, _ = FACTORIES[name]

    assert getattr(api, name) is getattr(api, other)


@pytest.mark.parametrize("focused", [False, True])
@pytest.mark.parametrize("name", FACTORIES)
def test_a_factory_makes_its_monitor_and_records(recorder, name, focused):
    """S16: of each kind, focused or not."""
    _, monitor, record = FACTORIES[name]

    @getattr(api, name)(recorder=recorder, focused=focused)
    def work():
        return helper(1)

    assert work() == 2
    assert isinstance(
        work.monitor,
        getattr(monitors, f"Focused{monitor.replace('Time', '')}" if focused else monitor),
    )
    assert {type(record) for record in recorder.records} == {getattr(monitors, record)}
    assert "work" in functions(recorder)
    assert ("helper" in functions(recorder)) is not (focused and "line" in name)


def test_without_parentheses_records_go_to_the_screen(capsys):
    @api.function_monitor
    def work():
        """Do it."""
        return 5

    assert (work(), work.__name__, work.__doc__) == (5, "work", "Do it.")
    assert " work " in capsys.readouterr().out


def test_the_recorder_may_be_given_first_as_of_old(recorder):
    @api.monitor_functions(recorder, [helper])
    def work():
        stranger(helper(1))

    work()

    assert functions(recorder) == {"helper"}


def test_focus_on_others_and_on_the_decorated_function_combine(recorder):
    @api.line_monitor(recorder=recorder, focus_on=[helper], focused=True)
    def work():
        return stranger(helper(1))

    work()

    assert functions(recorder) == {"work", "helper"}
    assert list(work.monitor.functions) == [helper, inspect.unwrap(work)]


def test_one_decorator_serves_several_functions(recorder):
    decorator = api.function_monitor(recorder=recorder, focused=True)
    first = decorator(lambda: helper(1))
    second = decorator(stranger)

    first()
    second(1)

    assert first.monitor is second.monitor is decorator.monitor
    assert functions(recorder) == {"<lambda>", "helper", "stranger"}


def test_the_monitor_can_be_reached_and_used_elsewhere(recorder):
    """B26."""

    @api.function_monitor(recorder=recorder, focus_on=[])
    def work():
        pass

    work.monitor.functions.add(helper)
    with work.monitor:
        helper(1)

    assert functions(recorder) == {"helper"}


def test_methods_of_all_kinds_are_decorated(recorder):
    class Thing:
        @api.function_monitor(recorder=recorder, focused=True)
        def method(self):
            return self

        @staticmethod
        @api.function_monitor(recorder=recorder, focused=True)
        def below():
            return 1

        @api.function_monitor(recorder=recorder, focused=True)
        @staticmethod
        def above():
            return 2

        @api.function_monitor(recorder=recorder, focused=True)
        @classmethod
        def of_class(cls):
            return cls

    thing = Thing()

    assert (thing.method(), thing.below(), thing.above(), thing.of_class()) == (thing, 1, 2, Thing)
    assert functions(recorder) == {"method", "below", "above", "of_class"}


def test_generators_and_coroutines_are_decorated(recorder):
    decorator = api.function_monitor(recorder=recorder, focused=True)

    @decorator
    def numbers():
        sent = yield 1
        return sent

    @decorator
    async def soon():
        await asyncio.sleep(0)
        return [item async for item in several()]

    @decorator
    async def several():
        yield 1
        yield 2

    def collect():
        return (yield from numbers())

    generator = collect()
    next(generator)
    with pytest.raises(StopIteration) as stop:
        generator.send(7)

    assert stop.value.value == 7
    assert asyncio.run(soon()) == [1, 2]
    assert {"numbers", "soon", "several"} <= functions(recorder)
    assert inspect.iscoroutinefunction(soon)


def test_a_class_cannot_be_decorated():
    with pytest.raises(TypeError, match="attach to its methods"):

        @api.function_monitor
        class Thing:
            pass


def test_fields_and_record_type_are_those_of_the_monitor(recorder):
    @api.function_monitor(recorder=recorder, fields=("function", "time_ns"))
    def work():
        pass

    @api.line_time_monitor(recorder=recorder, record_type=tuple)
    def other():
        return 1

    work()
    other()

    assert recorder.records[0]._fields == ("function", "time_ns")
    assert type(recorder.records[-1]) is tuple


def test_a_field_that_there_is_not_is_refused_by_name(recorder):
    with pytest.raises(ValueError, match="weight"):
        api.function_monitor(recorder=recorder, fields=["weight"])


def test_only_the_thread_that_runs_the_function_is_recorded_if_so_asked(recorder):
    from threading import Thread

    @api.function_monitor(recorder=recorder, threads=False)
    def work():
        thread = Thread(target=helper, args=(1,))
        thread.start()
        thread.join()

    work()

    assert "work" in functions(recorder)
    assert "helper" not in functions(recorder)


@pytest.mark.parametrize("given", ["records.csv", 5])
def test_what_is_no_recorder_is_refused_with_what_is_one(given):
    with pytest.raises(TypeError, match=r"csv_file\('records.csv'\)"):
        api.function_monitor(recorder=given)


@pytest.mark.parametrize(
    ("make", "kind", "name"),
    [
        (api.text_file, recorders.TextFileRecorder, "monitor_records.log"),
        (api.textfile, recorders.TextFileRecorder, "monitor_records.log"),
        (api.csv_file, recorders.CSVFileRecorder, "monitor_records.csv"),
        (api.csvfile, recorders.CSVFileRecorder, "monitor_records.csv"),
    ],
)
def test_file_recorders_have_default_names_and_open_nothing_yet(
    tmp_path, monkeypatch, make, kind, name
):
    """S27."""
    monkeypatch.chdir(tmp_path)

    default, chosen = make(), make("chosen")

    assert (type(default), default._filename) == (kind, name)
    assert chosen._filename == "chosen"
    assert list(tmp_path.iterdir()) == []


def test_the_screen_is_what_stdout_is_when_it_is_asked_for(capsys, monkeypatch):
    """S17: formatted, and each line at once."""
    recorder = api.screen()
    monkeypatch.setattr("sys.stdout", None)

    recorder.prepare(monitors.LineRecord)
    recorder.record(monitors.LineRecord(0, "work", 3, "x = 1", "file.py"))

    header, dashes, line = capsys.readouterr().out.splitlines()
    assert header == monitors.LineRecord.header.format(*monitors.LineRecord._fields)
    assert dashes == "-" * len(header)
    assert line == monitors.LineRecord.line.format(0, "work", 3, "x = 1", "file.py")


@pytest.mark.parametrize("make", [api.screen, api.text_file, api.csv_file, api.record_list])
def test_recorders_take_a_filter(make):
    chosen = api.OnValue("function", "helper")

    assert make(filter_=chosen)._filter is chosen


def test_records_are_published_by_a_recorder_with_the_settings_of_its_class(runtime):
    recorder = api.zeromq(wait_for_ready=False)

    assert type(recorder) is api.ZeroMQRecorder


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_is_there(name):
    assert getattr(api, name) is not None
    assert name in dir(api)


def test_a_name_that_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        api.nothing  # noqa: B018 - to look it up is the test


def test_the_import_brings_nothing_heavy(python):
    heavy = {"zmq", "psutil", "numpy", "pikos._lsprof", "pikos.monitors", "pikos.recorders", "csv"}

    done = python("-c", "import sys, pikos.api; print(*sys.modules)")

    assert done.returncode == 0
    assert not heavy.intersection(done.stdout.split())


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("line_profiler", {"LineProfiler", "line_profile"}),
        ("yappi", {"YappiProfiler", "yappi_profile"}),
        ("pikos._lsprof", {"RealTimeProfiler"}),
        ("zmq", {"ZeroMQRecorder"}),
    ],
)
def test_without_a_package_the_rest_is_there(python, package, absent):
    """S11: importing everything does not fail (parity 2.17, B23)."""
    done = python(
        "-c",
        f"import sys; sys.modules[{package!r}] = None\n"
        "from pikos.api import *\n"
        "FunctionMonitor, csv_file, real_time_profiler\n"
        "print(*dir())",
    )

    assert done.returncode == 0, done.stderr
    assert not absent.intersection(done.stdout.split())


@newest_only  # mypy reads the sources, and runs nothing
def test_types_are_kept_by_decorators(python, write, repository):
    pytest.importorskip("mypy")
    write(
        "typed.py",
        """
        from typing import assert_type
        from pikos.api import MonitorAttach, csv_file, function_monitor

        @function_monitor
        def plain(number: int) -> str:
            return str(number)

        @function_monitor(recorder=csv_file(), focused=True)
        def with_settings(number: int) -> str:
            return str(number)

        assert_type(plain(1), str)
        assert_type(with_settings(1), str)
        assert_type(function_monitor(), MonitorAttach)
        """,
    )

    done = python(
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "typed.py",
        env=os.environ | {"MYPYPATH": str(repository)},
    )

    assert done.stdout.startswith("Success"), done.stdout
