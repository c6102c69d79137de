"""What every recorder is, and the names that the recorders are found under."""

from __future__ import annotations

import io

import pytest

from pikos.errors import PikosError
from pikos.recorders import api
from pikos.recorders.abstract_recorder import AbstractRecorder, RecorderError


class Printer(AbstractRecorder):
    def __init__(self):
        self.heard = []

    def prepare(self, record):
        self.heard.append(("prepare", record))

    def finalize(self):
        self.heard.append("finalize")

    def record(self, data):
        self.heard.append(data)


def test_the_base_class_is_abstract():
    """S48: all three methods have to be there."""
    with pytest.raises(TypeError):
        AbstractRecorder()


def test_a_class_with_the_three_methods_is_a_recorder():
    """S48: a recorder of one's own."""
    recorder = Printer()

    recorder.prepare(tuple)
    recorder.record((1,))
    recorder.finalize()

    assert recorder.heard == [("prepare", tuple), (1,), "finalize"]


def test_the_error_carries_its_facts():
    error = RecorderError("CSVRecorder", "is not ready")

    assert isinstance(error, PikosError)
    assert (error.recorder, error.reason) == ("CSVRecorder", "is not ready")
    assert str(error) == "CSVRecorder is not ready"


@pytest.mark.parametrize("name", api.__all__)
def test_every_recorder_is_in_api(name):
    assert getattr(api, name).__name__ == name


def test_api_has_nothing_else():
    with pytest.raises(AttributeError, match="NoRecorder"):
        api.NoRecorder  # noqa: B018 - asking for it is the point


def test_recorders_do_not_bring_zmq(python):
    done = python("-c", "import sys, pikos.recorders.api; print(*sys.modules)")

    assert done.returncode == 0, done.stderr
    assert "zmq" not in done.stdout.split()


@pytest.mark.parametrize(
    "make",
    [
        api.ListRecorder,
        lambda filter_: api.TextStreamRecorder(io.StringIO(), filter_),
        lambda filter_: api.CSVRecorder(io.StringIO(), filter_),
        lambda filter_: api.TextFileRecorder("x", filter_),
        lambda filter_: api.CSVFileRecorder("x", filter_),
    ],
)
def test_a_filter_that_is_not_callable_is_refused(make):
    with pytest.raises(TypeError, match="filter_ is 'line', which is not callable"):
        make("line")
