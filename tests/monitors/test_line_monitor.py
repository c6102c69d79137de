"""Monitors of lines, on every event source."""

from __future__ import annotations

import linecache
import sys

import pytest
from support import known
from support.recorded import fields, indexes

from pikos.monitors.api import FunctionMonitor, LineMonitor

GCD = [
    "    while x > 0:",
    "        x, y = y % x, x",
    "    while x > 0:",
    "        x, y = y % x, x",
    "    while x > 0:",
    "    return y",
]


def lines(recorder, file=known.__file__):
    return [record[3] for record in recorder.records if record.filename == file]


def test_each_line_that_runs_is_recorded_with_its_text(mechanism, kept):
    """S36: the lines of gcd, with their indentation."""
    with LineMonitor(kept):
        known.gcd(12, 3)

    assert lines(kept) == GCD
    first = known.gcd.__code__.co_firstlineno
    numbers = [record.lineNo - first for record in kept.records if record.function == "gcd"]
    assert numbers == [1, 2, 1, 2, 1, 3]
    assert indexes(kept) == list(range(len(kept.records)))


def test_a_with_block_and_its_statements_are_recorded(mechanism, kept):
    """S36: B11."""
    with LineMonitor(kept):
        x = 1
        x += 1

    assert [line.strip() for line in lines(kept, __file__)] == [
        "x = 1",
        "x += 1",
        "with LineMonitor(kept):",
    ]


def test_the_statements_from_enable_to_disable_are_recorded(mechanism, kept):
    """S36: B11."""
    monitor = LineMonitor(kept)

    monitor.enable()
    x = 1
    monitor.disable()
    x += 1

    assert [line.strip() for line in lines(kept, __file__)] == ["x = 1", "monitor.disable()"]


def test_a_function_monitor_that_ends_leaves_a_line_monitor_alone(mechanism, kept):
    with LineMonitor(kept):
        with FunctionMonitor(type(kept)()):
            pass
        x = 1
        x += 1

    assert [line.strip() for line in lines(kept, __file__)][-3:-1] == ["x = 1", "x += 1"]


def test_lines_of_a_caller_are_recorded_after_a_return_to_it(mechanism, kept):
    monitor = LineMonitor(kept)

    def begin():
        monitor.enable()

    begin()
    x = 1
    monitor.disable()

    assert x == 1
    assert [line.strip() for line in lines(kept, __file__)] == ["x = 1", "monitor.disable()"]


def test_a_text_that_was_compiled_has_no_lines(mechanism, kept):
    """S36: no source is no error."""
    with LineMonitor(kept):
        exec("a = 1\nb = 2\n", {})

    assert lines(kept, "<string>") == ["<compiled string>"] * 2


def test_a_line_keeps_its_text_when_its_file_changes(mechanism, kept, tmp_path):
    """B12: the text is that of what runs."""
    path = tmp_path / "changing.py"
    path.write_text("def changing():\n    return 'old'\n")
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    monitor = LineMonitor(kept)

    with monitor:
        names["changing"]()
    path.write_text("def changing():\n\n    return 'new'\n")
    linecache.checkcache(str(path))
    with monitor:
        names["changing"]()

    assert lines(kept, str(path)) == ["    return 'old'"] * 2


def test_a_source_that_only_its_loader_has_is_read(mechanism, kept):
    class Loader:
        def get_source(self, name):
            return "x = 'loaded'\n"

    made = compile("x = 'loaded'\n", "nowhere/loaded.py", "exec")

    with LineMonitor(kept):
        exec(made, {"__name__": "loaded", "__loader__": Loader()})

    assert lines(kept, "nowhere/loaded.py") == ["x = 'loaded'"]


def test_the_documented_methods_can_be_called_directly(kept):
    """S36: gather_info gives a record, on_line_event records lines only."""
    monitor = LineMonitor(kept)
    frame = sys._getframe()

    made = monitor.gather_info(frame)
    given = [monitor.on_line_event(frame, why, None) for why in ("call", "line", "return")]

    assert made[:2] == (0, frame.f_code.co_name)
    assert indexes(kept) == [1]
    assert given == [monitor.on_line_event] * 3


def test_overridden_methods_are_called(mechanism, kept):
    class First(LineMonitor):
        def gather_info(self, frame):
            return super().gather_info(frame)._replace(filename="here")

    class Second(LineMonitor):
        def on_line_event(self, frame, why, arg):
            if frame.f_code is known.gcd.__code__:
                super().on_line_event(frame, why, arg)
            return self.on_line_event

    with First(kept):
        known.leaf()
    with Second(kept):
        known.gcd(12, 3)

    assert lines(kept, "here")[0] == "        known.leaf()"
    assert lines(kept) == GCD


def test_suspended_generators_keep_nothing(mechanism, kept):
    def counting():
        yield 1
        yield 2

    running = counting()

    with LineMonitor(kept):
        next(running)
    before = len(kept.records)
    values = list(running)

    assert values == [2]
    assert len(kept.records) == before


@pytest.mark.parametrize("record_type", [tuple, list])
def test_a_record_type_without_fields_gets_the_default_ones(mechanism, kept, record_type):
    def made(*values):
        return record_type(values)

    with LineMonitor(kept, record_type=tuple if record_type is tuple else made):
        known.leaf()

    first = kept.records[0]
    assert type(first) is record_type
    assert (first[0], first[1], first[3], first[4]) == (
        0,
        "test_a_record_type_without_fields_gets_the_default_ones",
        "        known.leaf()",
        __file__,
    )


def test_functions_on_one_line_have_their_line(mechanism, kept):
    double = lambda x: x * 2  # noqa: E731 - its body is on the line of its def

    with LineMonitor(kept):
        double(1)

    assert ("<lambda>", double.__code__.co_firstlineno) in fields(kept, "function", "lineNo")
