"""Subinterpreters, and what the module declares."""

from __future__ import annotations

import ctypes
import importlib
import sys

from support.counted import Calls, calls_of

from hazards.harness import Skipped, check_usable, leaf, scenario
from pikos import _lsprof
from pikos._lsprof import Profiler

SUBINTERPRETER = """
try:
    import pikos._lsprof
except ImportError as error:
    assert "interpreter" in str(error), error
else:
    raise AssertionError("it was imported")
import sys
def inside(n):
    return n if n < 2 else inside(n - 1)
inside(5)
"""


@scenario()
def subinterpreters():
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    try:
        interpreters = importlib.import_module(name)
    except ImportError:
        raise Skipped(f"this interpreter has no {name}") from None
    source = f"import sys\nsys.path[:] = {sys.path!r}\n{SUBINTERPRETER}"
    profiler = Profiler(builtins=False)
    for configuration in ("isolated", "legacy"):
        if sys.version_info >= (3, 13):
            made = interpreters.create(configuration)
        elif sys.version_info >= (3, 12):
            made = interpreters.create(isolated=configuration == "isolated")
        else:
            made = interpreters.create()
        profiler.enable()
        failure = interpreters.run_string(made, source)
        leaf()
        profiler.disable()
        assert not failure, failure
        interpreters.destroy(made)
    assert calls_of(profiler, leaf) == Calls(2)
    check_usable()


class ModuleDef(ctypes.Structure):
    """PyModuleDef."""

    _fields_ = [
        ("base", ctypes.c_char * (5 * ctypes.sizeof(ctypes.c_void_p))),
        ("name", ctypes.c_char_p),
        ("doc", ctypes.c_char_p),
        ("size", ctypes.c_ssize_t),
        ("methods", ctypes.c_void_p),
        ("slots", ctypes.c_void_p),
    ]


class ModuleSlot(ctypes.Structure):
    """PyModuleDef_Slot."""

    _fields_ = [("slot", ctypes.c_int), ("value", ctypes.c_void_p)]


@scenario()
def free_threading_is_not_declared():
    multiple_interpreters, gil = 3, 4
    init = ctypes.PyDLL(_lsprof.__file__).PyInit__lsprof
    init.restype = ctypes.c_void_p
    definition = ModuleDef.from_address(init())
    assert definition.name == b"pikos._lsprof"
    slots = {}
    at = definition.slots
    while ModuleSlot.from_address(at).slot:
        slot = ModuleSlot.from_address(at)
        slots[slot.slot] = slot.value
        at += ctypes.sizeof(ModuleSlot)
    assert gil not in slots
    if sys.version_info >= (3, 12):
        assert slots[multiple_interpreters] is None  # Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED
