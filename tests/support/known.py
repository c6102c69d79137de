"""Small programs whose events are known."""

from __future__ import annotations


def gcd(x, y):
    while x > 0:
        x, y = y % x, x
    return y


def boo():
    pass


def internal(x, y):
    boo()
    return y % x, x


def gcd_internal(x, y):
    while x > 0:
        x, y = internal(x, y)
    return y


def foo():
    pass


def recursive(x, y):
    foo()
    return y if x == 0 else recursive(y % x, x)


def leaf():
    return 1


def with_built_in():
    leaf()
    len([])
    leaf()
    leaf()


def raising():
    raise KeyError("x")
