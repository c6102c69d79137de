"""What the code of a program tells of it before it runs: its functions, and what it imports."""

from __future__ import annotations

import dis
import inspect
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOCALS = ".<locals>"
_TYPE_PARAMETERS = "<generic parameters of "


def functions_called(name: str, program: types.CodeType) -> list[types.CodeType]:
    """Find the functions of a name in a program.

    Parameters
    ----------
    name
        Their qualified name, with or without ``<locals>`` in it; else only the last part of it.
        The name of a class stands for its methods, in nested classes too.
    program
        Code of the program's top level.

    Returns
    -------
    list of code
        Code of each function that the name fits best: there may be several of one name.

    """
    return functions_defined(name, program) or _fitting(name, program, _last_name)


def functions_defined(name: str, program: types.CodeType) -> list[types.CodeType]:
    """Find the functions of a qualified name; the other things are as for ``functions_called``."""
    return _fitting(name, program, _qualified_name) or _fitting(name, program, readable_name)


def _fitting(
    name: str, program: types.CodeType, name_of: Callable[[types.CodeType], str]
) -> list[types.CodeType]:
    codes = [code for code in _codes_in(program) if name_of(code) == name]
    return [function for code in codes for function in _functions_of(code)]


def functions_in(program: types.CodeType) -> Iterator[types.CodeType]:
    """Give the code of every function that the program's text defines under a name."""
    for code in _codes_in(program):
        if _is_function(code) and not code.co_name.startswith("<"):
            yield code


def readable_name(code: types.CodeType) -> str:
    """Give the qualified name without ``<locals>``: ``outer.inner``."""
    return code.co_qualname.replace(_LOCALS, "")


def source_of(name: str, program: types.CodeType) -> str | None:
    """Tell what the program imports under a name at its top level.

    Parameters
    ----------
    name
        As the program calls it, maybe with attributes: ``compute``, ``Helper.compute``.
    program
        Code of the program's top level.

    Returns
    -------
    str or None
        The dotted name that begins with a module; None if this is not imported, or relatively.

    """
    first, dot, rest = name.partition(".")
    source = _imports(program).get(first)
    return None if source is None else source + dot + rest


def _imports(program: types.CodeType) -> dict[str, str]:
    """What the names stand for that the program imports by its module's absolute name."""
    found = {}
    instructions = list(dis.get_instructions(program))
    module = source = None
    for at, instruction in enumerate(instructions):
        if instruction.opname == "IMPORT_NAME":
            relative_by = instructions[at - 2].argval
            module = source = None if relative_by else instruction.argval
        elif instruction.opname == "IMPORT_FROM":
            source = None if module is None else _joined(module, instruction.argval)
        elif instruction.opname in {"STORE_NAME", "STORE_GLOBAL"}:
            if source is not None:
                found[instruction.argval] = _as_bound(source, instruction.argval)
            source = None
    return found


def _joined(module: str, name: str) -> str:
    """The source of ``from module import name``, also as ``import a.b as c`` is compiled."""
    return module if module.endswith(f".{name}") else f"{module}.{name}"


def _as_bound(source: str, name: str) -> str:
    """``import a.b`` binds ``a``."""
    return name if source.startswith(f"{name}.") else source


def _qualified_name(code: types.CodeType) -> str:
    return code.co_qualname


def _last_name(code: types.CodeType) -> str:
    return code.co_name


def _codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for inner in _constants(code):
        yield from _codes_in(inner)


def _constants(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant


def _is_function(code: types.CodeType) -> bool:
    return bool(code.co_flags & inspect.CO_OPTIMIZED)


def _functions_of(code: types.CodeType) -> Iterator[types.CodeType]:
    """The function itself, or the methods of a class and of the classes in it."""
    if _is_function(code) or code.co_name == "<module>":
        yield code
    else:
        yield from _methods_in(code)


def _methods_in(body: types.CodeType) -> Iterator[types.CodeType]:
    for inner in _constants(body):
        if inner.co_name.startswith(_TYPE_PARAMETERS) or not _is_function(inner):
            yield from _methods_in(inner)
        elif not inner.co_name.startswith("<"):
            yield inner
