"""Reading keys: only whole ones, only from files that no other user can read or replace."""

from __future__ import annotations

import os

import pytest

from pikos.errors import KeyFileError
from pikos.publishing.keys import PublisherKeys, publisher_keys

KEYS = {
    "server.secret": "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
    "server.public": "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    "client.secret": "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
    "client.public": "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
}


@pytest.fixture
def directory(tmp_path):
    for name, key in KEYS.items():
        (tmp_path / name).write_text(f"{key}\n")
        (tmp_path / name).chmod(0o600 if "secret" in name else 0o644)
    return tmp_path


def test_a_publisher_gets_its_secret_and_whom_it_lets_in(directory):
    assert publisher_keys(directory) == PublisherKeys(
        KEYS["server.secret"], (KEYS["client.public"],)
    )


def test_a_publisher_needs_no_secret_of_a_viewer(directory):
    (directory / "client.secret").unlink()

    assert publisher_keys(directory)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o777])
def test_a_secret_that_others_may_read_is_refused(directory, mode):
    (directory / "server.secret").chmod(mode)

    with pytest.raises(KeyFileError, match="chmod 600") as refused:
        publisher_keys(directory)

    assert refused.value.path == str(directory / "server.secret")


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_secret_that_only_its_owner_reads_is_taken(directory, mode):
    (directory / "server.secret").chmod(mode)

    assert publisher_keys(directory)


def test_a_public_key_that_others_may_replace_is_refused(directory):
    (directory / "client.public").chmod(0o666)

    with pytest.raises(KeyFileError, match="replace"):
        publisher_keys(directory)


def test_a_file_of_another_user_is_refused(directory, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    with pytest.raises(KeyFileError, match="another user"):
        publisher_keys(directory)


def test_a_file_that_is_not_there_is_named_with_how_to_make_it(tmp_path):
    with pytest.raises(KeyFileError, match="pikos keygen") as refused:
        publisher_keys(tmp_path / "nowhere")

    assert refused.value.path == str(tmp_path / "nowhere" / "server.secret")


def test_a_directory_in_place_of_a_key_is_refused(directory):
    (directory / "server.secret").unlink()
    (directory / "server.secret").mkdir(mode=0o700)

    with pytest.raises(KeyFileError):
        publisher_keys(directory)


def test_a_pipe_in_place_of_a_key_is_refused_without_waiting(directory):
    (directory / "server.secret").unlink()
    os.mkfifo(directory / "server.secret", 0o600)

    with pytest.raises(KeyFileError, match="not a file"):
        publisher_keys(directory)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        KEYS["server.secret"].encode()[:-1],
        KEYS["server.secret"].encode() + b"x",
        KEYS["server.secret"].encode() * 2,
        b"'" * 40,
        b"\xff" * 40,
        b"\0" * 40,
    ],
)
def test_what_is_not_a_key_is_refused_and_not_repeated(directory, text):
    (directory / "server.secret").write_bytes(text)

    with pytest.raises(KeyFileError, match="not a key") as refused:
        publisher_keys(directory)

    assert not text or text.decode("latin-1") not in str(refused.value)
