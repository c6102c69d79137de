"""The functions that a command line names are found without importing any module for it."""

from __future__ import annotations

import importlib
import sys
import textwrap
import types

import pytest

from pikos.cli.focus import NamedFunctions
from pikos.errors import FunctionNotFound
from pikos.monitors.focus import FunctionSet

PROGRAM = """
    __import__("sys").exit("the program ran")

    import helper as aid
    from helper import Helper, compute as calculate
    import os.path as paths
    from .near import neighbour

    def work(): pass

    def outer():
        kept = 1
        def inner():
            return kept
        return inner

    class Thing:
        squares = [n * n for n in range(3)]
        def method(self): pass
        @property
        def size(self): pass
        @staticmethod
        def make(): pass
        class Part:
            def method(self): pass

    if aid:
        def twin(): pass
    else:
        def twin(): return 1
"""
HELPER = """
    def compute(): pass

    class Helper:
        def method(self): pass
        @property
        def size(self): pass

    number = 7
"""
BOUND = """
    import functools
    from helper import Helper as Aid, compute as calculate

    def marked(function):
        @functools.wraps(function)
        def wrapper():
            return function()
        return wrapper

    @marked
    def marked_one(): pass

    kept = functools.lru_cache(calculate)
    part = functools.partial(calculate, 1)
"""


@pytest.fixture
def program(write, tmp_path, monkeypatch):
    """Code of a program that ends at once if it is run, with a module beside it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in (("helper", HELPER), ("bound", BOUND)):
        monkeypatch.delitem(sys.modules, name, raising=False)
        write(f"{name}.py", text)
    path = write("program.py", PROGRAM)
    return compile(textwrap.dedent(PROGRAM), str(path), "exec")


class Begun:
    """The frame of a module whose code begins."""

    def __init__(self, code, name):
        self.f_code = code
        self.f_globals = {"__name__": name}


class Named:
    """What the names of a command line stand for, in a program that imports modules one by one."""

    def __init__(self, program, *names):
        self.functions = FunctionSet()
        self.named = NamedFunctions(names, program, self.functions)

    def imported(self, tmp_path, *modules):
        """Import modules, as if their code were seen."""
        for name in modules:
            path = tmp_path / f"{name}.py"
            self.named.see(Begun(compile(path.read_text(), str(path), "exec"), name))
            importlib.import_module(name)
        return self

    @property
    def found(self):
        """Qualified names and first lines of the functions."""
        return [(code.co_qualname, code.co_firstlineno) for code in self.functions.codes]

    @property
    def missing(self):
        return self.named.missing()


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("work", ["work"]),
        ("outer.inner", ["outer.<locals>.inner"]),
        ("outer.<locals>.inner", ["outer.<locals>.inner"]),
        ("inner", ["outer.<locals>.inner"]),
        ("Thing.method", ["Thing.method"]),
        ("Thing.size", ["Thing.size"]),
        ("Thing.Part.method", ["Thing.Part.method"]),
        ("method", ["Thing.method", "Thing.Part.method"]),
        ("Thing", ["Thing.method", "Thing.size", "Thing.make", "Thing.Part.method"]),
        ("twin", ["twin", "twin"]),
        ("<module>", ["<module>"]),
        ("program.work", ["work"]),
        ("program.Thing.method", ["Thing.method"]),
        ("__main__.work", ["work"]),
        ("program.py:work", ["work"]),
        ("program.py:Thing.size", ["Thing.size"]),
        ("program.py:method", ["Thing.method", "Thing.Part.method"]),
        ("paths.join", ["join"]),
        ("os.path.join", ["join"]),
    ],
)
def test_a_name_stands_for_functions_of_the_program_or_of_a_module(program, name, names):
    """S22: functions, nested ones, methods and classes, known before the script runs."""
    assert [qualified for qualified, _ in Named(program, name).found] == names


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("calculate", ["compute"]),
        ("aid.compute", ["compute"]),
        ("Helper.method", ["Helper.method"]),
        ("helper.compute", ["compute"]),
        ("compute", ["compute"]),
        ("size", ["Thing.size"]),
        ("Helper.size", ["Helper.size"]),
        ("helper.Helper.method", ["Helper.method"]),
        ("helper.Helper", ["Helper.method", "Helper.size"]),
        ("helper.py:compute", ["compute"]),
        ("helper.py:Helper", ["Helper.method", "Helper.size"]),
        ("bound.Aid.method", ["Helper.method"]),
        ("bound.calculate", ["compute"]),
        ("bound.kept", ["compute"]),
        ("bound.part", ["compute"]),
        ("bound.marked_one", ["marked_one"]),
    ],
)
def test_a_function_of_a_module_is_found_once_the_program_imports_it(
    program, tmp_path, name, names
):
    """P3, R5: by what the module defines, and by what it only binds."""
    named = Named(program, name)
    before = [qualified for qualified, _ in named.found]
    assert {"helper", "bound"}.isdisjoint(sys.modules)

    named.imported(tmp_path, "helper", "bound")

    assert named.missing == ""
    assert [qualified for qualified, _ in named.found] == names
    assert before == [one for one in names if one.startswith("Thing")]


def test_each_code_of_a_module_that_is_loaded_again_is_found(program, tmp_path):
    """P3."""
    named = Named(program, "helper.compute").imported(tmp_path, "helper", "helper")

    assert named.found == [("compute", 2)] * 2


@pytest.mark.parametrize("place", ["site-packages", "dist-packages"])
def test_a_bare_name_is_of_no_installed_package(program, write, tmp_path, place):
    """R5: a dotted name or a file's may be."""
    path = write(f"{place}/other.py", "def of_the_package(): pass")
    bare, dotted, of_file = (
        Named(program, name)
        for name in ("of_the_package", "other.of_the_package", f"{place}/other.py:of_the_package")
    )
    for each in (bare, dotted, of_file):
        each.named.see(Begun(compile(path.read_text(), str(path), "exec"), "other"))

    assert [len(each.found) for each in (bare, dotted, of_file)] == [0, 1, 1]


def test_a_function_of_the_program_is_known_by_its_very_code(program):
    (code,) = Named(program, "work").functions.codes

    assert any(code is constant for constant in program.co_consts)


def test_a_module_of_the_name_of_a_function_does_not_hide_it(program, write):
    """S22, B15: an item without a dot is never a module."""
    write("work.py", "raise SystemExit('the module ran')")

    assert [name for name, _ in Named(program, "work").found] == ["work"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no type parameters before Python 3.12")
def test_generic_functions_and_classes_are_found():
    text = "def first[T](x: T): pass\nclass Box[T]:\n def get[U](self): pass\n def put(self): pass"
    program = compile(text, "program.py", "exec")

    assert Named(program, "first").found == [("first", 1)]
    assert Named(program, "Box").found == [("Box.get", 3), ("Box.put", 4)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_such_name", ["no_such_name", "work, outer, outer.inner, Thing.method"]),
        ("Thing.nothing", ["Thing.nothing"]),
        ("helper.nothing", ["helper.nothing"]),
        ("helper.number", ["helper.number", "no function"]),
        ("neighbour", ["neighbour", "none of the program's functions"]),
        ("absent.function", ["absent.function", "imported no function"]),
        ("len", ["len", "written in Python"]),
        ("absent.py:work", ["absent.py:work"]),
    ],
)
def test_a_name_that_stood_for_none_is_told_at_the_end(program, tmp_path, name, words):
    """P3, S22, B15: with the names that there are."""
    named = Named(program, name, "work").imported(tmp_path, "helper")

    for word in words:
        assert word in named.missing
    assert "\n" not in named.missing


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("helper.", "form"),
        ("a..b", "form"),
        ("two words", "form"),
        ("file.py:", "form"),
        ("file.py", "a function in it"),
        ("helper", "helper.function"),
        ("aid", "a module"),
        ("os.path", "os.path.function"),
    ],
)
def test_what_can_be_no_function_is_refused_at_once(program, name, reason):
    """P3, S22."""
    with pytest.raises(FunctionNotFound, match=reason) as caught:
        Named(program, name)

    assert caught.value.name == name
    assert "helper" not in sys.modules


def test_a_program_of_many_functions_shows_some_of_them():
    program = compile("\n".join(f"def f{n}(): pass" for n in range(20)), "program.py", "exec")

    assert "f11 and 8 more" in Named(program, "no_such_name").missing


def test_no_code_of_the_program_runs_to_find_a_function(program, monkeypatch):
    """P3: a module's own __getattr__, a proxy's attributes."""
    lazy = types.ModuleType("lazy")
    lazy.__getattr__ = lambda name: pytest.fail(f"{name} was asked for")
    monkeypatch.setitem(sys.modules, "lazy", lazy)

    assert Named(program, "lazy.function").found == []
