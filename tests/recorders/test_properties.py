"""Recorders with arbitrary records, prepared and finalized in any order."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pikos.recorders.api import (
    CSVFileRecorder,
    CSVRecorder,
    RecorderError,
    TextFileRecorder,
    TextStreamRecorder,
)


class Record(NamedTuple):
    index: int
    function: str
    line: str


class Aligned(Record):
    header = line = "{:>8} {:<3} {}"


writable = strategies.text(strategies.characters(exclude_categories=["Cs"]))
"""Texts that a file in UTF-8 can have."""
values = strategies.none() | strategies.integers() | writable | strategies.text()
records = strategies.lists(strategies.tuples(values, values, values))


@given(strategies.lists(strategies.tuples(strategies.integers(), writable, writable)))
def test_csv_reads_back_what_was_recorded(rows):
    stream = io.StringIO(newline="")
    recorder = CSVRecorder(stream)
    recorder.prepare(Record)

    for row in rows:
        recorder.record(row)
    recorder.finalize()

    stream.seek(0)
    header, *read = csv.reader(stream)
    assert header == ["index", "function", "line"]
    assert read == [[str(index), function, line] for index, function, line in rows]


@settings(max_examples=50, deadline=None)
@given(strategies.lists(strategies.tuples(strategies.integers(), writable)))
def test_a_csv_file_reads_back_what_was_recorded(rows):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "records")
        recorder = CSVFileRecorder(path)
        recorder.prepare(tuple)
        for row in rows:
            recorder.record(row)
        recorder.finalize()

        with open(path, newline="", encoding="utf-8") as file:
            assert list(csv.reader(file)) == [[str(index), text] for index, text in rows]


@given(records, strategies.booleans())
def test_a_text_has_one_printable_line_for_each_record(rows, formatted):
    stream = io.StringIO()
    recorder = TextStreamRecorder(stream, formatted=formatted)
    recorder.prepare(Aligned)

    for row in rows:
        recorder.record(Aligned(*row))
    recorder.finalize()

    lines = stream.getvalue().splitlines()
    assert len(lines) == 2 + len(rows)
    assert stream.getvalue().encode("utf-8").count(b"\n") == len(lines)


class Cycles(RuleBasedStateMachine):
    """prepare, record and finalize in any order: all accepted records are in the file, once."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "records")
        self.users = 0
        self.prepared = False
        self.expected = []

    @initialize(kind=strategies.sampled_from([TextFileRecorder, CSVFileRecorder]))
    def make(self, kind):
        self.recorder = kind(self.path)

    @rule()
    def prepare(self):
        self.recorder.prepare(tuple)
        self.users += 1
        self.prepared = True

    @rule(count=strategies.integers(1, 300))
    def record(self, count):
        for _ in range(count):
            index = len(self.expected)
            if self.users:
                self.recorder.record((index,))
                self.expected.append(str(index))
            else:
                with pytest.raises(RecorderError):
                    self.recorder.record((index,))

    @rule()
    def finalize(self):
        if not self.prepared:
            with pytest.raises(RecorderError):
                self.recorder.finalize()
            return
        self.recorder.finalize()
        self.users = max(0, self.users - 1)
        with open(self.path, encoding="utf-8") as file:
            assert file.read().split() == self.expected

    @invariant()
    def it_is_ready_while_it_has_users(self):
        if hasattr(self, "recorder"):
            assert self.recorder._ready == (self.users > 0)

    def teardown(self):
        while self.users:
            self.finalize()
        self.directory.cleanup()


Cycles.TestCase.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
TestCycles = Cycles.TestCase
