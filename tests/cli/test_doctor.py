"""``pikos doctor``: what there is, why it was chosen, and what to do about what there is not."""

from __future__ import annotations

import importlib.metadata
import platform
import sys

import pikos as package
from pikos import _lsprof, errors
from pikos.cli import doctor
from pikos.monitors import sources

BLOCKED = """
    import sys
    sys.modules["pikos._lsprof"] = None
    from pikos.cli.main import main
    sys.exit(main(["doctor"]))
"""


def findings(text):
    """The facts by their subject."""
    lines = [line for line in text.splitlines() if not line.startswith(" ")]
    return {subject: fact.strip() for subject, _, fact in (line.partition("  ") for line in lines)}


def test_everything_in_use_is_told(pikos, runtime):
    done = pikos("doctor")

    found = findings(done.stdout)
    native = sources.native()
    assert done.returncode == 0
    assert found["pikos"].startswith(f"{package.__version__} in ")
    assert platform.python_version() in found["python"]
    assert sys.executable in found["python"]
    assert found["pyzmq"] == importlib.metadata.version("pyzmq")
    assert found["psutil"] == importlib.metadata.version("psutil")
    assert found["extension"].startswith(_lsprof.__file__)
    assert found["clock"] == ": ".join(_lsprof.clock())
    assert found["events"] == ": ".join(_lsprof.mechanism())
    assert found["monitors"].startswith("C, but Python for ")
    assert found["monitors"].endswith(f"; events by {native.name}: {native.reason}")
    assert found["sessions"] == f"0 live, in {runtime / 'pikos'}"


def test_why_monitors_are_slower_is_told(python, write):
    """P4."""
    done = python(write("blocked.py", BLOCKED.replace("_lsprof", "_events")))

    found = findings(done.stdout)
    assert done.returncode == 0
    assert found["monitors"].startswith("Python: pikos._events, which a C compiler makes")
    assert f"; events by {sources.chosen().name}: " in found["monitors"]


def test_the_libzmq_in_use_is_told(pikos):
    how, version, *rest = findings(pikos("doctor").stdout)["libzmq"].split(", ")

    assert how in {"linked", "bound"}
    assert tuple(map(int, version.split("."))) >= (4, 3, 3)
    assert rest


def test_an_extension_that_is_not_there_is_told_with_the_remedy(python, write):
    done = python(write("blocked.py", BLOCKED))

    assert done.returncode == 1
    assert findings(done.stdout)["extension"].startswith("not there")
    assert errors.ExtensionMissing.remedy in done.stdout


def test_a_libzmq_that_cannot_be_used_is_told_with_the_remedy(monkeypatch, capsys):
    def refuse(_):
        raise errors.LibzmqUnusable("/lib/libzmq.so", "it is too old")

    monkeypatch.setattr(doctor, "bind_libzmq", refuse)

    assert doctor.run(None) == 1
    printed = capsys.readouterr().out
    assert "it is too old" in findings(printed)["libzmq"]
    assert "pip install --upgrade pyzmq" in printed


def test_a_package_that_is_not_installed_is_told_with_the_remedy(monkeypatch, capsys):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)

    assert doctor.run(None) == 1
    assert "pip install psutil" in capsys.readouterr().out


def test_a_directory_for_sessions_that_cannot_be_had_is_told(monkeypatch, capsys):
    def refuse():
        raise errors.AddressError("/run", "it is another user's")

    monkeypatch.setattr(doctor, "runtime_directory", refuse)

    assert doctor.run(None) == 1
    assert "set XDG_RUNTIME_DIR" in capsys.readouterr().out
