"""Pikos built from its sources: without the extension, bound to a libzmq, linked with one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from support.deadlines import LONG_DEADLINE_S
from support.interpreters import newest_only

ROOT = Path(__file__).parent.parent

PUBLISH = """
    import sys
    from pikos import _lsprof, live
    from pikos.api import RealTimeProfiler

    def work():
        return sum(range(10))

    with RealTimeProfiler(address="tcp://127.0.0.1:0") as profiler:
        work()
        with live.subscribe(profiler.address, timeout=120) as messages:
            names = set()
            for message in messages:
                for block in getattr(message, "blocks", ()):
                    names.update(block.columns.get("name", ()))
                if "work" in names:
                    break
    print(_lsprof.libzmq()["how"])
"""
PROFILE = """
    import pikos
    from pikos.api import RealTimeProfiler
    from pikos.errors import ExtensionMissing
    from pikos.real_time import Profile

    for profiler in (Profile, RealTimeProfiler):
        try:
            profiler()
        except ExtensionMissing as error:
            print(error)
"""


def has_zmq_header():
    """Whether the compiler finds libzmq's header by itself."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    try:
        done = subprocess.run(
            [*compiler, "-E", "-x", "c", "-"],
            check=False,
            input=b"#include <zmq.h>",
            capture_output=True,
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture
def sources(tmp_path):
    """A copy of what is needed to build, with nothing built in it, and compiled in less time."""
    copy = tmp_path / "sources"
    shutil.copytree(
        ROOT / "pikos", copy / "pikos", ignore=shutil.ignore_patterns("*.so", "__pycache__")
    )
    shutil.copytree(ROOT / "ext", copy / "ext")
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    setup = copy / "setup.py"
    setup.write_text(setup.read_text().replace('"-O3"', '"-O0"'))
    return copy


@pytest.fixture
def build(python, sources, tmp_path):
    """Run setup.py, to build the profiler alone; what it installs goes below ``tmp_path``."""

    def run(*arguments, **environment):
        settings = {name: value for name, value in os.environ.items() if "PIKOS" not in name}
        settings["PIKOS_EVENTS"] = "0"
        return python(
            "setup.py", *arguments, cwd=sources, env=settings | environment, timeout=LONG_DEADLINE_S
        )

    return run


@pytest.fixture
def install(build, tmp_path):
    """Install with setup.py; the answer is what it said and where the package is."""

    def run(*flags, **environment):
        home = tmp_path / "home"
        done = build(
            *flags,
            "install",
            "--root",
            home,
            "--install-lib",
            "/lib",
            "--install-scripts",
            "/bin",
            **environment,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr, home / "lib"

    return run


@pytest.fixture
def outside(python, write):
    """Run a program with the installed package, away from the sources."""

    def run(library, text):
        script = write("elsewhere/program.py", text)
        # the library comes before the development tree, which .venv's path names
        environment = os.environ | {"PYTHONPATH": str(library)}
        return python(script, cwd=script.parent, env=environment)

    return run


def extensions(library):
    return [path.name for path in (library / "pikos").glob("_lsprof*") if path.suffix != ".pyi"]


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        (["--without-real-time-lsprof"], {}),
        (["--without-real-time-lsprof"], {"PIKOS_REAL_TIME_LSPROF": "1"}),
        ([], {"PIKOS_REAL_TIME_LSPROF": "0"}),
    ],
    ids=["flag", "flag before environment", "environment"],
)
def test_without_the_extension_pikos_works_and_a_profiler_says_what_to_do(
    install, outside, flags, environment
):
    _, library = install(*flags, **environment)

    done = outside(library, PROFILE)

    assert not extensions(library)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("PIKOS_REAL_TIME_LSPROF=1 pip install .") == 2


def test_without_a_compiler_the_extension_is_left_out_with_one_warning(install):
    said, library = install(CC="/no/such/compiler")

    assert not extensions(library)
    assert said.count("is left out: no C compiler that works (/no/such/compiler") == 1


def test_with_the_flag_a_build_that_cannot_be_done_is_an_error(build):
    done = build("--with-real-time-lsprof", "build", CC="/no/such/compiler")

    assert done.returncode != 0
    assert "no C compiler that works (/no/such/compiler" in done.stderr


def test_thread_local_variables_are_initial_exec_only_where_that_is_loaded(build, tmp_path):
    """C19: musl's loader refuses such a library, so that the import failed."""
    compiler = sysconfig.get_config_var("CC") or "cc"
    log = tmp_path / "commands"
    spoiling = tmp_path / "cc"
    spoiling.write_text(
        f"""#!/bin/sh
echo "$@" >>'{log}'
{compiler} "$@" || exit
case "$*" in *-shared*initial-exec*) ;; *) exit ;; esac
while [ "$1" != -o ]; do shift; done
: >"$2"  # no library any more
"""
    )
    spoiling.chmod(0o755)

    done = build("--with-real-time-lsprof", "build", CC=str(spoiling), PIKOS_LINK_LIBZMQ="0")

    assert done.returncode == 0, done.stderr
    with_it = [line for line in log.read_text().splitlines() if "initial-exec" in line]
    assert len(with_it) == 1  # the attempt
    assert "-shared" in with_it[0]


def test_a_value_that_the_environment_may_not_have_is_an_error(build):
    done = build("build", PIKOS_REAL_TIME_LSPROF="perhaps")

    assert done.returncode != 0
    assert "PIKOS_REAL_TIME_LSPROF is 'perhaps'; it may be 1, 0 or not set" in done.stderr


@newest_only  # how libzmq is found and called
def test_the_extension_binds_to_the_libzmq_of_pyzmq(install, outside):
    _, library = install("--with-real-time-lsprof", PIKOS_LINK_LIBZMQ="0")

    done = outside(library, PUBLISH)

    assert outcome(done) == (0, "bound\n")


@newest_only  # as above
@pytest.mark.skipif(not has_zmq_header(), reason="libzmq's header is not installed")
def test_the_extension_is_linked_with_a_libzmq_that_is_found(install, outside):
    """S09: the real-time cProfile is built by a flag."""
    said, library = install("--with-real-time-lsprof")

    done = outside(library, PUBLISH)

    assert "is linked with the libzmq" in said
    assert outcome(done) == (0, "linked\n")


@pytest.mark.skipif(not has_zmq_header(), reason="libzmq's header is not installed")
def test_the_extension_is_linked_with_the_libzmq_in_a_directory_that_is_given(
    build, sources, tmp_path
):
    for path in (sources / "ext").glob("*.c"):
        path.unlink()
    (sources / "ext" / "quick.c").write_text("int quick(void) { return 0; }\n")
    given = tmp_path / "given"
    given.mkdir()
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    found = subprocess.run(
        [*compiler, "-print-file-name=libzmq.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    (given / "libzmq.so").symlink_to(found)

    flags = ["--with-real-time-lsprof", "build_ext", "-I", given, "-L", given, "build"]
    done = build(*flags)

    assert done.returncode == 0, done.stderr
    assert f"is linked with the libzmq in {given}" in done.stderr


def outcome(done):
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_the_tests_are_run_by_the_command_of_old(python, repository):
    """S10: python setup.py test."""
    one_test = {"PIKOS_EVENTS": "0", "PYTEST_ADDOPTS": "-p no:cacheprovider tests/test_hidden.py"}

    done = python(
        "setup.py",
        "--without-real-time-lsprof",
        "test",
        cwd=repository,
        env=os.environ | one_test,
    )

    assert done.returncode == 0
    assert " passed" in done.stdout


def test_the_command_of_old_fails_with_the_tests(python, repository):
    none = {
        "PIKOS_EVENTS": "0",
        "PYTEST_ADDOPTS": "-p no:cacheprovider -k nothing_of_this_name tests/test_hidden.py",
    }

    done = python(
        "setup.py", "--without-real-time-lsprof", "test", cwd=repository, env=os.environ | none
    )

    assert done.returncode == 5
