"""``python hazards [NAME…]`` runs scenarios, or all, each in a fork of this process.

Of each it writes a line of JSON: its name, the status it ended with, and what it wrote.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = os.environ.get("PIKOS_HAZARDS_ROOT", str(HERE.parents[2]))
"""Where the package lies that is put to the test."""
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1]), ROOT]

from hazards import SCENARIOS, Skipped  # noqa: E402 - found by the path above

DEADLINE_S = 600


def run(name):
    """Run one scenario; the status to exit with.

    What ends it at its deadline is in the parent: a thread here may be inside the sanitizer's
    allocator when a scenario forks, whose child would wait for that lock for ever.
    """
    faulthandler.register(signal.SIGUSR1, chain=True)
    try:
        SCENARIOS[name]()
    except Skipped as reason:
        print(f"skipped: {reason}")
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def wait(child):
    """Wait for a child, which at its deadline tells where its threads are, and dies."""
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGUSR1))
    signal.alarm(DEADLINE_S)
    _, status = os.waitpid(child, 0)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    return status


def main(names):
    for name in names:
        with tempfile.TemporaryFile() as output:
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                return run(name)
            status = wait(child)
            output.seek(0)
            written = output.read().decode(errors="replace")
        result = {"name": name, "status": os.waitstatus_to_exitcode(status), "output": written}
        print(json.dumps(result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or SCENARIOS))
