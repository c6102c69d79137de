"""A program that breaks what Pikos needs of the process loses no profile, and is not ended."""

from __future__ import annotations

import pstats
import resource
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files back a ledger on Linux only")

BROKEN = {
    "a built-in is deleted": "import builtins; del builtins.open",
    "open is replaced": "import builtins; builtins.open = None",
    "functions of os are replaced": "os.replace = os.write = os.getpid = None",
    "nothing can be imported": "sys.meta_path.clear()",
}
CLOSED = {
    "all": "os.closerange(0, 1024)",
    "all but the standard streams": "os.closerange(3, 1024)",
    "a few": "os.closerange(4, 8)",
}
CLOSING = """
    import os

    def before(): pass
    def after(): pass

    before()
    {}
    log = os.open("log", os.O_WRONLY | os.O_CREAT)
    for stream in range(3):
        os.dup2(log, stream)
    after()
    os.write(log, b"done")
"""


def functions(path):
    return {name for _, _, name in pstats.Stats(str(path)).stats}


@pytest.mark.parametrize("how", BROKEN)
def test_another_process_keeps_the_profile(pikos, write, tmp_path, how):
    write("script.py", f"import os, sys\ndef work(): pass\nwork()\n{BROKEN[how]}\n")

    done = pikos("run", "-o", "out", "script.py")

    assert done.returncode == 1
    assert "has broken what saves its profile" in done.stderr
    assert f"the profile is in {tmp_path / 'out.pikos'}" in done.stderr
    assert not (tmp_path / "out").exists()
    assert pikos("export", "out.pikos", "-f", "pstats", "-o", "out").returncode == 0
    assert "work" in functions(tmp_path / "out")


def test_another_process_prints_the_profile(pikos, write):
    write("script.py", "import builtins\ndef work(): pass\nwork()\ndel builtins.__import__\n")

    done = pikos("run", "-s", "cumtime", "script.py")

    assert done.returncode == 1
    assert done.stderr.count("Ordered by: cumulative time") == 1
    assert "(work)" in done.stderr


@pytest.mark.parametrize("which", CLOSED)
def test_a_program_may_close_all_files(pikos, python, write, tmp_path, which):
    """libzmq aborts a process that closes a socket of its own."""
    write("script.py", CLOSING.format(CLOSED[which]))
    bare = python("script.py")

    done = pikos("run", "-o", "out", "script.py")

    assert (done.returncode, done.stdout, done.stderr) == (bare.returncode, "", "")
    assert (tmp_path / "log").read_text() == "done"
    assert {"before", "after"} <= functions(tmp_path / "out")
    assert not any("sorted" in name or "readlink" in name for name in functions(tmp_path / "out"))


@pytest.mark.parametrize("which", CLOSED)
def test_a_recording_goes_on_when_the_program_has_closed_all_files(pikos, write, tmp_path, which):
    write("script.py", CLOSING.format(CLOSED[which]))

    done = pikos("run", "--record", "out.pikos", "script.py")

    assert done.returncode == 0, done.stderr
    assert pikos("export", "out.pikos", "-f", "pstats", "-o", "out").returncode == 0
    assert {"before", "after"} <= functions(tmp_path / "out")


def test_wrong_arguments_are_refused_as_without_pikos(pikos, python, write):
    write(
        "script.py",
        """
        import os
        for wrong in ((), (3,), ("a", "b"), (3, None), (1000, 2.5)):
            try:
                print(os.closerange(*wrong))
            except (TypeError, ValueError) as error:
                print(error)
        """,
    )
    bare = python("script.py")

    done = pikos("run", "-o", "out", "script.py")

    assert (done.returncode, done.stdout, done.stderr) == (0, bare.stdout, bare.stderr)


def test_calls_that_had_no_memory_lose_no_others(pikos, write, tmp_path):
    write(
        "script.py",
        """
        import sys
        def work(n):
            if n: work(n - 1)
        sys.setrecursionlimit(10 ** 9)
        work(1_000_000)
        """,
    )

    def little_memory():
        resource.setrlimit(resource.RLIMIT_AS, (700 << 20, resource.RLIM_INFINITY))

    done = pikos("run", "-o", "out", "script.py", preexec_fn=little_memory)

    assert "calls were not counted for want of memory" in done.stderr
    assert done.returncode == 0
    assert "work" in functions(tmp_path / "out")
