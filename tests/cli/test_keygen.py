"""``pikos keygen``: keys that nobody else can read, and none overwritten."""

from __future__ import annotations

import os
import stat

import pytest
import zmq

from pikos.live.keys import viewer_keys
from pikos.publishing.keys import publisher_keys

NAMES = {"server.secret", "server.public", "client.secret", "client.public"}


def test_keys_are_made_for_both_sides(pikos, tmp_path):
    done = pikos("keygen", tmp_path / "new" / "keys")

    directory = tmp_path / "new" / "keys"
    publisher, viewer = publisher_keys(directory), viewer_keys(directory)
    assert done.returncode == 0
    assert "server.secret" in done.stdout
    assert {path.name for path in directory.iterdir()} == NAMES
    assert zmq.curve_public(publisher.server_secret.encode()).decode() == viewer.server_public
    assert zmq.curve_public(viewer.client_secret.encode()).decode() == viewer.client_public
    assert publisher.clients == (viewer.client_public,)


def test_only_the_user_may_read_them_whatever_the_umask(pikos, tmp_path):
    pikos("keygen", tmp_path / "keys", umask=0)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_key_that_is_there_is_not_overwritten_and_nothing_else_is_left(pikos, tmp_path):
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    (directory / "client.secret").write_text("precious")

    done = pikos("keygen", directory)

    assert done.returncode == 2
    assert "client.secret" in done.stderr
    assert [path.name for path in directory.iterdir()] == ["client.secret"]
    assert (directory / "client.secret").read_text() == "precious"


def test_a_planted_link_is_not_followed(pikos, tmp_path):
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    (directory / "server.secret").symlink_to(tmp_path / "victim")

    assert pikos("keygen", directory).returncode == 2

    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707])
def test_a_directory_that_others_may_enter_is_refused(pikos, tmp_path, mode):
    directory = tmp_path / "keys"
    directory.mkdir()
    directory.chmod(mode)

    done = pikos("keygen", directory)

    assert done.returncode == 2
    assert "chmod 700" in done.stderr
    assert not os.listdir(directory)


def test_a_file_in_the_way_is_refused(pikos, tmp_path):
    (tmp_path / "file").write_text("")

    done = pikos("keygen", tmp_path / "file")

    assert done.returncode == 2
    assert "name a directory" in done.stderr
