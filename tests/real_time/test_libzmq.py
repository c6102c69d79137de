"""Finding libzmq: the one in the pyzmq wheel, without importing pyzmq."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.machinery
import subprocess
import sys
from types import SimpleNamespace

import pytest
from support.deadlines import DEADLINE_S

from pikos.errors import LibzmqUnusable
from pikos.real_time import libzmq


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Directory of an installation in which pyzmq is found, without any library yet."""
    (tmp_path / "zmq").mkdir()
    origin = str(tmp_path / "zmq" / "__init__.py")
    spec = importlib.machinery.ModuleSpec("zmq", None, origin=origin)
    finder = SimpleNamespace(find_spec=lambda name, path: spec if name == "zmq" else None)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: "libzmq.so.of-the-system")
    return tmp_path


def test_the_library_that_is_found_is_libzmq_and_recent_enough():
    library = ctypes.CDLL(libzmq.libzmq_path())
    numbers = [ctypes.c_int() for _ in range(3)]
    library.zmq_version.argtypes = [ctypes.POINTER(ctypes.c_int)] * 3
    library.zmq_version.restype = None

    library.zmq_version(*map(ctypes.byref, numbers))

    assert tuple(number.value for number in numbers) >= (4, 3, 3)


def test_finding_it_does_not_import_pyzmq():
    program = (
        "import sys; from pikos.real_time.libzmq import libzmq_path\n"
        "assert libzmq_path(); assert 'zmq' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=DEADLINE_S)


@pytest.mark.parametrize(
    "place",
    [
        "pyzmq.libs/libzmq-a1b2c3d4.so.5.2.5",
        "zmq/.dylibs/libzmq.5.dylib",
        "zmq/libzmq.so",
        "zmq/libzmq.dylib",
        "pyzmq.libs/libzmq-v143-mt-4_3_5.dll",
        "zmq/libzmq.dll",
    ],
)
def test_the_library_of_the_wheel_comes_first_wherever_the_platform_puts_it(wheel, place):
    library = wheel / place
    library.parent.mkdir(exist_ok=True)
    library.touch()

    assert libzmq.libzmq_path() == str(library)


def test_without_one_in_the_wheel_the_systems_is_taken(wheel):
    assert libzmq.libzmq_path() == "libzmq.so.of-the-system"


def test_without_pyzmq_the_systems_is_taken(wheel, monkeypatch):
    nothing = SimpleNamespace(find_spec=lambda name, path: None)
    monkeypatch.setattr(sys, "meta_path", [nothing])

    assert libzmq.libzmq_path() == "libzmq.so.of-the-system"


def test_when_there_is_none_the_error_says_what_to_install(wheel, monkeypatch):
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    unbound = SimpleNamespace(libzmq=lambda: {"how": "unbound"})

    with pytest.raises(LibzmqUnusable, match="pip install pyzmq"):
        libzmq.bind_libzmq(unbound)


def test_what_is_found_but_is_no_library_is_named(wheel):
    lsprof = pytest.importorskip("pikos._lsprof")
    library = wheel / "zmq" / "libzmq.so"
    library.write_text("no library")
    unbound = SimpleNamespace(libzmq=lambda: {"how": "unbound"}, bind_libzmq=lsprof.bind_libzmq)

    with pytest.raises(LibzmqUnusable) as unusable:
        libzmq.bind_libzmq(unbound)

    assert unusable.value.path == str(library)


def test_an_extension_that_has_a_libzmq_keeps_it(wheel):
    linked = SimpleNamespace(libzmq=lambda: {"how": "linked"})

    libzmq.bind_libzmq(linked)
