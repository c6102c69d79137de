"""Files that a command line writes whole, or not at all."""

from __future__ import annotations

import os
import threading

import pytest
from support.deadlines import DEADLINE_S

from pikos.cli.whole_file import whole_file


def put(path, text):
    with whole_file(str(path)) as file:
        file.write(text.encode())


def test_a_file_is_there_when_it_is_whole(tmp_path):
    path = tmp_path / "file"

    with whole_file(str(path)) as file:
        file.write(b"text")
        assert not path.exists()

    assert path.read_text() == "text"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_file_as_it_was(tmp_path, begun, error):
    path = tmp_path / "file"
    path.write_text("old")

    def fail():
        with whole_file(str(path)) as file:
            if begun:
                file.write(b"new")
            raise error

    with pytest.raises(error):
        fail()

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_replaced_and_its_file_is_spared(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")

    put(tmp_path / "link", "new")

    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "old"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_written_to_itself(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()

    put(pipe, "text")

    reader.join(DEADLINE_S)
    assert read == ["text"]
    assert pipe.is_fifo()
