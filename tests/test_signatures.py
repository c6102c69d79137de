"""Classes and the factories of ``pikos.api``: the same arguments, defaults and messages (P31)."""

from __future__ import annotations

import inspect
import sys

import pytest
from support.recordings import snapshot_of
from support.session import PROGRAM

from pikos import api
from pikos.errors import ExportError
from pikos.export import export
from pikos.export.formats import FORMATS
from pikos.monitors import api as monitors
from pikos.monitors.event_monitor import EventMonitor
from pikos.native import EVENTS
from pikos.recorders import api as recorders

MONITORS = [
    kind
    for kind in map(vars(monitors).get, monitors.__all__)
    if isinstance(kind, type) and issubclass(kind, EventMonitor)
]
FACTORIES = [
    api.function_monitor,
    api.line_monitor,
    api.function_memory_monitor,
    api.line_memory_monitor,
    api.function_time_monitor,
    api.line_time_monitor,
]
RECORDERS = [
    (api.screen, recorders.TextStreamRecorder),
    (api.text_file, recorders.TextFileRecorder),
    (api.csv_file, recorders.CSVFileRecorder),
    (api.record_list, recorders.ListRecorder),
    (api.zeromq, recorders.ZeroMQRecorder),
]
PROFILERS = [api.PythonCProfiler, api.LineProfiler, api.YappiProfiler]
FIXED = {"text_stream", "functions", "focus_on", "focused"}
"""What only a class or only a factory has: the other one says it by its kind."""
BY_DOCUMENT = {"formatted"}
"""What is documented with another default."""


@pytest.fixture
def recorder():
    return api.record_list()


def arguments_of(function):
    """Names and defaults of what may be given by its name; None if any name may be."""
    found = inspect.signature(function).parameters.values()
    if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in found):
        return None
    named = {one.name: one.default for one in found if one.kind is not one.VAR_KEYWORD}
    return {name: default for name, default in named.items() if name not in FIXED}


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda one: one._monitor)
def test_a_factory_takes_what_the_class_takes(factory):
    wanted = arguments_of(EventMonitor)

    assert arguments_of(factory.__call__) == wanted
    assert arguments_of(factory.monitor) == wanted


@pytest.mark.parametrize(("factory", "kind"), RECORDERS)
def test_a_recorder_s_factory_takes_what_the_class_takes(factory, kind):
    given, wanted = arguments_of(factory), arguments_of(kind)

    if given is not None:
        assert given.keys() == wanted.keys()
        for name in wanted.keys() - BY_DOCUMENT:
            assert given[name] == wanted[name], name


@pytest.mark.parametrize(
    "make", [*FACTORIES, *MONITORS], ids=lambda one: getattr(one, "__name__", "")
)
def test_without_a_recorder_records_go_to_the_screen(make):
    factory = getattr(make, "monitor", make)

    for made in (factory(), factory(None)):
        assert type(made.recorder) is recorders.TextStreamRecorder
        assert made.recorder._stream is sys.stdout
        assert made.recorder._formatted


@pytest.mark.parametrize(
    "make", [*FACTORIES, *MONITORS], ids=lambda one: getattr(one, "__name__", "")
)
def test_settings_are_taken_and_refused_alike(make, recorder):
    factory = getattr(make, "monitor", make)

    made = factory(recorder, memory_interval=500, clock=lambda: 0, threads=False)

    assert made._memory_interval == 500
    with pytest.raises(ValueError, match="memory_interval is -1: give microseconds"):
        factory(recorder, memory_interval=-1)
    with pytest.raises(ValueError, match="either record_type or fields"):
        factory(recorder, fields=["index"], record_type=tuple)
    with pytest.raises(ValueError, match="weight"):
        factory(recorder, fields=["weight"])


@pytest.mark.parametrize(
    "make", [*FACTORIES, *MONITORS, *PROFILERS], ids=lambda one: getattr(one, "__name__", "")
)
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], r"recorder is \[\], which has no prepare\(\): give a recorder, such as csv_file"),
        ("records.csv", "recorder is 'records.csv', which has no prepare"),
        (recorders.ListRecorder, "recorder is the class ListRecorder: give an instance of it"),
    ],
)
def test_what_is_no_recorder_is_refused_when_the_monitor_is_made(make, given, reason):
    factory = getattr(make, "monitor", make)

    with pytest.raises(TypeError, match=reason):
        factory(recorder=given)


@pytest.mark.skipif(EVENTS is None, reason="the extension is not built")
@pytest.mark.parametrize("factory", FACTORIES, ids=lambda one: one._monitor)
@pytest.mark.parametrize("make", [api.text_file, api.csv_file, api.screen, api.record_list])
def test_no_factory_s_recorder_needs_python_code(factory, make, monkeypatch, tmp_path):
    with open(tmp_path / "screen", "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        recorder = make()

    assert factory.monitor(recorder).mechanism == "C"
    assert not getattr(recorder, "_auto_flush", None)


def test_a_format_that_there_is_not_is_refused_at_once():
    """Before any piece of the file is asked for."""
    with pytest.raises(ExportError, match="cannot export as foo: there is no such format") as told:
        export(snapshot_of(PROGRAM), "foo")

    assert all(name in str(told.value) for name in FORMATS)
