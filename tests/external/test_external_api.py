"""``pikos.external.api``: what is installed is there, what is not says how to get it."""

from __future__ import annotations

import pytest

from pikos.external import api

HIDE = "import sys, warnings; sys.modules[{package!r}] = None; "


def test_every_profiler_is_there():
    """S11: with all packages installed."""
    assert [getattr(api, name).__name__ for name in api.__all__] == api.__all__


def test_what_it_has_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="NoProfiler"):
        api.NoProfiler  # noqa: B018 - asking for it is the test


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("line_profiler", {"LineProfiler", "line_profile"}),
        ("yappi", {"YappiProfiler", "yappi_profile"}),
        ("pikos._lsprof", {"RealTimeProfiler"}),
    ],
)
def test_without_a_package_its_names_are_left_out_with_one_warning(python, package, absent):
    """S11: importing never fails (parity 2.17, B23)."""
    done = python(
        "-c",
        HIDE.format(package=package)
        + """
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    from pikos.external.api import *
    from pikos.external import api
print(*api.__all__)
print(*[each.category.__name__ for each in warned])
PythonCProfiler
""",
    )

    assert done.returncode == 0, done.stderr
    names, categories = done.stdout.splitlines()
    assert set(api.__all__) - set(names.split()) == absent
    assert categories == "UserWarning"


def test_importing_one_profiler_warns_of_no_other(python):
    """P32: nobody has asked for those."""
    hide = "".join(f"sys.modules[{name!r}] = None; " for name in ("yappi", "line_profiler"))

    done = python(
        "-W",
        "error",
        "-c",
        f"import sys; {hide}"
        "from pikos.external.api import PythonCProfiler; import pikos.external.api as api; "
        "print(PythonCProfiler.__name__, api.PythonCProfiler.__name__)",
    )

    assert done.stderr == ""
    assert done.stdout.split() == ["PythonCProfiler", "PythonCProfiler"]


@pytest.mark.parametrize(
    ("package", "use"),
    [
        ("line_profiler", "from pikos.external.line_profiler import LineProfiler"),
        ("line_profiler", "from pikos.external.api import line_profile"),
        ("yappi", "from pikos.external.yappi_profiler import YappiProfiler; YappiProfiler()"),
        ("yappi", "from pikos.external.api import yappi_profile; yappi_profile()"),
    ],
)
def test_using_what_is_missing_tells_the_extra_to_install(python, package, use):
    """S11: the name says what to install."""
    done = python("-W", "ignore", "-c", HIDE.format(package=package) + use)

    assert done.returncode == 1
    assert f"ExtraMissing: {package} cannot be imported" in done.stderr
    assert f"pip install 'pikos[{package}]'" in done.stderr


def test_importing_it_brings_no_profiler(python):
    done = python("-c", "import sys, pikos.external.api; print(*sys.modules)")

    assert not {"yappi", "line_profiler", "cProfile", "zmq"}.intersection(done.stdout.split())
