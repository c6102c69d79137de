"""``pikos run`` adds nothing of its own to what a program sees and to what is counted."""

from __future__ import annotations

import pstats

import pytest

SEEN = "import sys; print(*sorted(sys.modules))"
MORE_THAN_CPROFILE = {
    "__future__",
    "atexit",
    "fcntl",
    "pikos",
    "pikos._lsprof",
    "pikos.cli",
    "pikos.cli.execution",
    "pikos.cli.main",
    "pikos.cli.monitor_options",
    "pikos.cli.options",
    "pikos.cli.outputs",
    "pikos.cli.run",
    "pikos.cli.streams",
    "pikos.cli.whole_file",
    "pikos.errors",
    "pikos.live",
    "pikos.pipes",
    "pikos.live.dead_sessions",
    "pikos.live.runtime",
    "pikos.live.session_lock",
    "pikos.publishing",
    "pikos.publishing.hello",
    "pikos.publishing.json_text",
    "pikos.publishing.lifetime",
    "pikos.publishing.place",
    "pikos.publishing.session_directory",
    "pikos.real_time",
    "pikos.real_time.children",
    "pikos.real_time.endings",
    "pikos.real_time.extension",
    "pikos.real_time.hello",
    "pikos.real_time.profile",
    "pikos.real_time.program",
    "pikos.real_time.publication",
    "pikos.real_time.unseen",
}
"""What is imported before the program starts and is not under ``python -m cProfile``."""
OF_AN_UNLINKED_BUILD = {"pikos.real_time.libzmq"}
NUMBER_MORE = 20
FAILING = """
    import sys

    def fail():
        raise ValueError("x")

    fail()
"""


def functions(path):
    """The names of what was counted."""
    return {name for _, _, name in pstats.Stats(str(path)).stats}


def test_a_program_finds_hardly_more_modules_than_under_cprofile(pikos, python, write, tmp_path):
    """P19: today's list; nothing of the standard library that a program would notice."""
    write("script.py", SEEN)

    ours = set(pikos("run", "-o", "out", "script.py").stdout.split())
    cprofile = set(python("-m", "cProfile", "-o", "other", "script.py").stdout.split())

    assert ours - cprofile - OF_AN_UNLINKED_BUILD == MORE_THAN_CPROFILE
    assert len(ours) <= len(cprofile) + NUMBER_MORE


@pytest.mark.parametrize("absent", ["argparse", "json", "typing", "threading", "subprocess", "re"])
def test_what_costs_much_is_not_there_before_the_program_imports_it(pikos, absent):
    """P19: imported by the program, it is counted."""
    done = pikos("run", "-o", "out", "-c", f"import sys; print({absent!r} in sys.modules)")

    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


@pytest.mark.parametrize("program", [["-c", "pass"], ["empty.py"], ["-m", "empty"], ["directory"]])
def test_no_call_of_the_profilers_own_is_counted(pikos, write, tmp_path, program):
    """P17."""
    write("empty.py", "")
    write("directory/__main__.py", "")

    pikos("run", "-o", "out", *program)

    assert functions(tmp_path / "out") == {"<module>"}


def test_the_import_of_the_package_that_a_module_is_in_is_the_programs(pikos, write, tmp_path):
    write("package/__init__.py", "def of_package(): pass\nof_package()")
    write("package/module.py", "")

    pikos("run", "-o", "out", "-m", "package.module")

    assert {"of_package", "_find_and_load"} <= functions(tmp_path / "out")


@pytest.mark.parametrize("hook", ["", "sys.excepthook = lambda *_: fail.__doc__"])
def test_printing_an_uncaught_exception_is_not_counted(pikos, write, tmp_path, hook):
    """P5: counting ends where the program ends."""
    write("script.py", FAILING.replace("fail()\n", f"{hook}\n    fail()\n"))

    done = pikos("run", "-o", "out", "script.py")

    assert done.returncode == 1
    assert functions(tmp_path / "out") == {"<module>", "fail"}


def test_threads_that_run_on_are_counted_while_an_exception_is_printed(pikos, write, tmp_path):
    write(
        "script.py",
        """
        import sys, threading

        def late():
            printed.wait()
            on_time()

        def on_time():
            pass

        printed = threading.Event()
        sys.excepthook = lambda *_: printed.set()
        threading.Thread(target=late).start()
        1 / 0
        """,
    )

    pikos("run", "-o", "out", "script.py")

    assert "on_time" in functions(tmp_path / "out")
