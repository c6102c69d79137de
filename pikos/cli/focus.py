"""Finds the functions that are named on the command line, without running the program.

A name is looked for by import, then in the code of the program.  The functions that the program
will define are known by their code, which exists before they do: so the program runs once, and
is recorded from its first line on.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import types
from typing import TYPE_CHECKING

from pikos.cli.program_code import functions_called, functions_in, readable_name, source_of
from pikos.cli.recognition import is_module
from pikos.errors import FunctionNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = object()
_NAMES_SHOWN = 12
"""How many of the program's functions an error lists, at most."""


def functions_named(name: str, program: types.CodeType) -> Sequence[object]:
    """Find functions by a name.

    Parameters
    ----------
    name
        ``function``, ``Class.method`` or ``Class`` (all its methods) of the program, or the same
        behind the dotted name of a module.
    program
        Code of the program's top level, which is not run.

    Returns
    -------
    list
        What the name stands for, as a ``FunctionSet`` takes it: of an imported module the object,
        of the program the code of each function.

    Raises
    ------
    FunctionNotFound
        If the name stands for no function that is written in Python.

    """
    found = _imported(name, program)
    if found is _NOTHING:
        codes = functions_called(name, program) or functions_called(
            _within_program(name, program), program
        )
        if codes:
            return codes
        source = source_of(name, program)
        found = _NOTHING if source is None else _imported(source, program)
    if found is _NOTHING:
        raise FunctionNotFound(name, _what_there_is(name, program))
    if isinstance(found, types.ModuleType):
        raise FunctionNotFound(name, f"it is a module; name a function in it: {name}.function")
    return [found]


def _imported(name: str, program: types.CodeType) -> object:
    """What a dotted name stands for by import, which never imports the program itself."""
    path, *rest = name.split(".")
    if not rest or not _is_other_module(path, program):
        return _NOTHING
    found: object = _module(path, name)
    for part in rest:
        path = f"{path}.{part}"
        inner = inspect.getattr_static(found, part, _NOTHING)
        if isinstance(inner, property):
            found = inner
        elif hasattr(found, part):
            found = getattr(found, part)
        elif isinstance(found, types.ModuleType) and _is_other_module(path, program):
            found = _module(path, name)
        else:
            return _NOTHING
    return found


def _module(path: str, name: str) -> types.ModuleType:
    try:
        return importlib.import_module(path)
    except Exception as error:
        reason = f"importing {path} raises {type(error).__name__}: {error}"
        raise FunctionNotFound(name, reason) from error


def _is_other_module(path: str, program: types.CodeType) -> bool:
    """Whether there is such a module, and it is not the program."""
    try:
        spec = importlib.util.find_spec(path)
    except (ImportError, ValueError, AttributeError):
        return False
    return spec is not None and not (
        spec.origin is not None
        and os.path.realpath(spec.origin) == os.path.realpath(program.co_filename)
    )


def _within_program(name: str, program: types.CodeType) -> str:
    """What is left of a name behind the name of the program's own module."""
    stem = os.path.splitext(os.path.basename(program.co_filename))[0]
    parts = name.split(".")
    for at, part in enumerate(parts):
        if part in {stem, "__main__"}:
            return ".".join(parts[at + 1 :])
    return ""


def _what_there_is(name: str, program: types.CodeType) -> str:
    if is_module(name):
        return f"it is a module; name a function in it: {name}.function"
    names = list(dict.fromkeys(map(readable_name, functions_in(program))))
    if not names:
        return "it cannot be imported, and the program defines no function"
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"it cannot be imported, and is none of the program's functions: {shown}{more}"
