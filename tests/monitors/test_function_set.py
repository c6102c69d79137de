"""The set of functions that are focused on."""

from __future__ import annotations

import functools

import pytest

from pikos.monitors.focus import FunctionSet


def made():
    def twin():
        return 1

    return twin


def made_again():
    def twin():
        return 1

    return twin


def plain():
    pass


@functools.lru_cache
def cached():
    pass


def wrapping(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@wrapping
@wrapping
def wrapped():
    pass


class Some:
    def method(self):
        pass

    @staticmethod
    def static():
        pass

    @classmethod
    def of_class(cls):
        pass

    @property
    def computed(self):
        return 1

    @computed.setter
    def computed(self, value):
        pass

    @functools.cached_property
    def kept(self):
        return 1

    @wrapping
    def decorated(self):
        pass

    partial = functools.partialmethod(method)

    class Inner:
        def inner(self):
            pass

    foreign = FunctionSet


class Calling:
    def __call__(self):
        pass


def test_a_set_may_be_empty():
    """B13."""
    functions = FunctionSet()

    assert len(functions) == 0
    assert list(functions) == []
    assert plain not in functions


def test_it_gives_what_was_put_in_in_order_and_once():
    functions = FunctionSet([plain, cached, plain])

    assert list(functions) == [plain, cached]
    assert len(functions) == 2
    assert "plain" in repr(functions)


@pytest.mark.parametrize(
    ("added", "code"),
    [
        (plain, plain.__code__),
        (plain.__code__, plain.__code__),
        (cached, cached.__wrapped__.__code__),
        (wrapped, wrapped.__wrapped__.__wrapped__.__code__),
        (functools.partial(functools.partial(plain), 1), plain.__code__),
        (Some().method, Some.method.__code__),
        (Some.of_class, Some.of_class.__func__.__code__),
        (vars(Some)["of_class"], Some.of_class.__func__.__code__),
        (vars(Some)["static"], Some.static.__code__),
        (Calling(), Calling.__call__.__code__),
        (Some.__dict__["computed"].fget, Some.computed.fget.__code__),
        (vars(Some)["kept"], vars(Some)["kept"].func.__code__),
    ],
)
def test_the_code_that_runs_is_meant(added, code):
    """B13."""
    functions = FunctionSet([added])

    assert functions.idents == {id(code)}
    assert added in functions
    assert code in functions


def test_a_class_is_all_that_its_body_defines():
    """B13."""
    functions = FunctionSet([Some])

    assert Some in functions
    assert {function.__name__ for function in functions if hasattr(function, "__name__")} >= {
        "method",
        "static",
        "of_class",
        "computed",
        "decorated",
        "inner",
    }
    assert Some.decorated.__wrapped__ in functions
    assert Some.computed.fset in functions
    assert FunctionSet.add not in functions, "a class of elsewhere that has a name here"


def test_a_bound_method_is_in_a_set_that_holds_the_function():
    """B13."""
    assert Some().method in FunctionSet([Some.method])
    assert Some.method in FunctionSet([Some().method])


def test_functions_of_one_text_are_told_apart():
    """B13: their code objects may be equal."""
    first, second = made(), made_again()
    functions = FunctionSet([first])

    functions.discard(second)

    assert first in functions
    assert second not in functions
    assert made() in functions, "made by the same def: the same code"
    assert len(functions) == 1


def test_discarding_takes_out_and_forgives_what_is_not_there():
    """B13."""
    functions = FunctionSet([plain, Some])

    functions.discard(plain)
    functions.discard(plain)
    functions.discard(Some)

    assert len(functions) == 0
    assert functions.idents == frozenset()
    with pytest.raises(KeyError):
        functions.remove(plain)


@pytest.mark.parametrize(
    ("added", "words"),
    [
        (len, "Built-in functions are not supported for"),
        ([].append, "Built-in functions are not supported for"),
        (5, "Could not extract a code object for"),
        (int, "Could not extract a code object for"),
        (object(), "Could not extract a code object for"),
    ],
)
def test_what_has_no_code_is_warned_of_and_left_out(added, words):
    functions = FunctionSet()

    with pytest.warns(UserWarning, match=words):
        functions.add(added)
    with pytest.warns(UserWarning, match=words):
        functions.discard(added)

    assert added not in functions
    assert len(functions) == 0


def test_wrappers_in_a_circle_end():
    def one():
        pass

    one.__wrapped__ = one

    assert one in FunctionSet([one])


def test_it_is_a_set():
    functions = FunctionSet([plain])

    functions |= {cached}
    functions -= {plain}

    assert list(functions) == [cached]
    assert functions == FunctionSet([cached])
