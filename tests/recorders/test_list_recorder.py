"""The recorder that keeps records in a list."""

from __future__ import annotations

import threading

from record_samples import Plain, plain

from pikos.recorders.api import ListRecorder


def test_records_are_kept_in_order():
    """S51: the list, and ready."""
    recorder = ListRecorder()

    recorder.prepare(Plain)
    recorder.record(plain(0))
    recorder.record((1, 2))
    recorder.finalize()

    assert recorder.records == [plain(0), (1, 2)]
    assert recorder.records[0].function == "gcd"


def test_it_is_always_ready():
    """S51: neither prepare nor finalize is asked for."""
    recorder = ListRecorder()

    recorder.finalize()
    recorder.record(plain(0))

    assert recorder.ready is True
    assert recorder.records == [plain(0)]


def test_the_filter_decides():
    """S51: the filter."""
    recorder = ListRecorder(lambda record: record.index > 1)

    for index in range(4):
        recorder.record(plain(index))

    assert recorder.records == [plain(2), plain(3)]


def test_records_of_several_threads_are_all_kept():
    recorder = ListRecorder()

    def record_all(first):
        for index in range(first, first + 1000):
            recorder.record(plain(index))

    threads = [threading.Thread(target=record_all, args=(at * 1000,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(record.index for record in recorder.records) == list(range(8000))
