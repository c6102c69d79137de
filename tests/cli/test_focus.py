"""The functions that a command line names are found without running the program."""

from __future__ import annotations

import sys
import textwrap

import pytest

from pikos.cli.focus import functions_named
from pikos.errors import FunctionNotFound

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


@pytest.fixture
def program(write, tmp_path, monkeypatch):
    """Code of a program that ends at once if it is run, with a module beside it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    write("helper.py", HELPER)
    path = write("program.py", PROGRAM)
    return compile(textwrap.dedent(PROGRAM), str(path), "exec")


def found(name, program):
    """Qualified names and first lines of the code that a name stands for."""
    return [
        (code.co_qualname, code.co_firstlineno)
        for code in (getattr(each, "__code__", each) for each in functions_named(name, program))
    ]


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
        ("calculate", ["compute"]),
        ("aid.compute", ["compute"]),
        ("Helper.method", ["Helper.method"]),
        ("helper.compute", ["compute"]),
        ("helper.Helper.method", ["Helper.method"]),
        ("paths.join", ["join"]),
        ("os.path.join", ["join"]),
    ],
)
def test_a_name_stands_for_functions_of_the_program_or_of_a_module(program, name, names):
    """S22: functions, nested ones, methods and classes, of the script or importable."""
    assert [qualified for qualified, _ in found(name, program)] == names


def test_a_function_of_the_program_is_known_by_its_very_code(program):
    (code,) = functions_named("work", program)

    assert any(code is constant for constant in program.co_consts)


def test_a_class_and_a_property_of_a_module_are_what_they_are(program):
    (helper,) = functions_named("helper.Helper", program)
    (size,) = functions_named("helper.Helper.size", program)

    assert (helper.__name__, type(size)) == ("Helper", property)


def test_a_module_of_the_name_of_a_function_does_not_hide_it(program, write):
    """S22, B15: an item without a dot is never a module."""
    write("work.py", "raise SystemExit('the module ran')")

    assert [name for name, _ in found("work", program)] == ["work"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no type parameters before Python 3.12")
def test_generic_functions_and_classes_are_found():
    text = "def first[T](x: T): pass\nclass Box[T]:\n def get[U](self): pass\n def put(self): pass"
    program = compile(text, "program.py", "exec")

    assert found("first", program) == [("first", 1)]
    assert found("Box", program) == [("Box.get", 3), ("Box.put", 4)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", ["nothing", "work, outer, outer.inner, Thing.method"]),
        ("Thing.nothing", ["Thing.nothing", "Thing.method"]),
        ("helper.nothing", ["helper.nothing"]),
        ("helper.", ["helper."]),
        ("os.path", ["os.path", "module", "os.path.function"]),
        ("neighbour", ["neighbour", "none of the program's functions"]),
        ("bad.function", ["bad.function", "importing bad", "ZeroDivisionError"]),
    ],
)
def test_a_name_that_stands_for_none_is_told_with_what_there_is(program, write, name, words):
    """S22, B15: the error names the item, and the names that there are."""
    write("bad.py", "1 / 0")

    with pytest.raises(FunctionNotFound) as caught:
        functions_named(name, program)

    for word in words:
        assert word in str(caught.value)


def test_a_program_of_many_functions_shows_some_of_them():
    program = compile("\n".join(f"def f{n}(): pass" for n in range(20)), "program.py", "exec")

    with pytest.raises(FunctionNotFound, match="f11 and 8 more"):
        functions_named("nothing", program)


def test_a_program_without_functions_says_so():
    with pytest.raises(FunctionNotFound, match="defines no function"):
        functions_named("nothing", compile("", "program.py", "exec"))
