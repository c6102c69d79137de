"""Runs command lines, each in a child of one process that has imported what they need.

As a program it reads ``[command, word, …]`` as JSON, a line each, and writes
``[status or None, output, errors]``; None where the child had to be killed.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import select
import signal
import sys
import tempfile
import traceback

PATIENCE_S = 0.05
"""How long a verb waits for a process that does not speak, instead of ten seconds."""


def prepare():
    """Import what a verb imports, and have none wait or serve for long."""
    import uvicorn
    from matplotlib import pyplot as plt  # noqa: F401 - slow to import

    import pikos.live.web.app
    import pikos.real_time.profile  # noqa: F401
    from pikos.cli import main, pikos_run, record, state, top

    for name in main.VERBS:
        __import__(f"pikos.cli.{name}")
    for verb in (record, state, top):
        verb.WAIT_S = PATIENCE_S
    uvicorn.Server.run = lambda *_, **__: None
    gc.freeze()
    return {"pikos": main.main, "pikos-run": pikos_run.main}


def in_child(mains, command, words, streams):
    """Become the process of a command line."""
    for descriptor, given in enumerate(streams):
        os.dup2(given, descriptor)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = open(descriptor, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        setattr(sys, name, stream)
    sys.argv[:] = [command, *words]
    status = 1
    try:
        status = mains[command](words)
    except SystemExit as error:
        status = error.code
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # else all that was imported is torn down, which takes a second


def status_of(child, deadline_s):
    """Wait for a child; None where it had to be killed."""
    descriptor = os.pidfd_open(child)
    if not select.select([descriptor], [], [], deadline_s)[0]:
        os.kill(child, signal.SIGKILL)
    os.close(descriptor)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return None if status == -signal.SIGKILL else status


def main(deadline_s):
    mains = prepare()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for line in sys.stdin:
        command, *words = json.loads(line)
        with contextlib.ExitStack() as opened:
            output, errors = (opened.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            child = os.fork()
            if not child:
                in_child(mains, command, words, (nothing, output.fileno(), errors.fileno()))
            status = status_of(child, deadline_s)
            texts = []
            for file in (output, errors):
                file.seek(0)
                texts.append(file.read().decode("utf-8", "replace"))
        print(json.dumps([status, *texts]), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
