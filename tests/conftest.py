"""Fixtures for tests that run programs in processes of their own, and what holds for all tests."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.deadlines import DEADLINE_S
from support.kept import let_go

settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shared machine")  # no example has to be quick


@pytest.fixture(autouse=True)
def no_callbacks_of_the_collector():
    """Hypothesis leaves one, and a monitor would record its calls, whenever they are."""
    gc.callbacks.clear()


@pytest.fixture(autouse=True)
def nothing_is_kept():
    """Events that one test has asked for do not come in the next."""
    yield
    let_go()


@pytest.fixture(autouse=True, scope="session")
def apart_from_other_sessions():
    """This user's own sessions, and what is left of dead ones, are not seen by tests."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="pk") as short:
        patch.setenv("XDG_RUNTIME_DIR", short)
        yield


@pytest.fixture
def repository():
    """The directory that all of this is in."""
    return Path(__file__).parent.parent


@pytest.fixture
def python(tmp_path):
    """Run this interpreter with some arguments, in ``tmp_path`` or ``cwd``, until it ends."""

    def run(*arguments, **options):
        settings = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": DEADLINE_S}
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, check=False, **(settings | options))

    return run


@pytest.fixture
def write(tmp_path):
    """Write a file into ``tmp_path``, its text's indentation taken off."""

    def put(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    return put
