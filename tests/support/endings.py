"""Programs, and the ways in which they end."""

import re

_CHILDREN = re.compile(r"(?m)^pikos(-run| run): \d+ child process.* not [a-z]+ed: .*\n")

PRELUDE = """
import os, signal, sys, threading, time

def work():
    end()

def end():
    pass
"""
ENDINGS = {
    "os._exit": "def end(): os._exit(7)",
    "os._exit in a thread": """
        def end():
            thread = threading.Thread(target=os._exit, args=(7,))
            thread.start()
            thread.join()
        """,
    "os._exit by keyword, and by its module": "def end(): sys.modules['posix']._exit(status=3)",
    "exec": "def end(): os.execv(sys.executable, [sys.executable, '-c', 'print(5)'])",
    "exec with an environment": """
        def end(): os.execle(sys.executable, sys.executable, '-c', 'print(5)', {})
        """,
    "SIGTERM": "def end(): os.kill(os.getpid(), signal.SIGTERM)",
    "SIGHUP": "def end(): signal.raise_signal(signal.SIGHUP)",
    "SIGALRM": "def end(): signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(30)",
    "SIGUSR1": "def end(): os.kill(os.getpid(), signal.SIGUSR1)",
    "SIGTERM, while a lock is waited for": """
        def end():
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        """,
    "SIGTERM, restored and raised again": """
        def end():
            before = signal.signal(signal.SIGTERM, lambda *_: print("caught", flush=True))
            signal.raise_signal(signal.SIGTERM)
            signal.signal(signal.SIGTERM, before)
            signal.raise_signal(signal.SIGTERM)
        """,
    "SIGTERM, its default action set again": """
        def end():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.raise_signal(signal.SIGTERM)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
        """,
    "SIGINT with the default action": """
        def end():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
        """,
    "a handler that exits": """
        def end():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))
            signal.raise_signal(signal.SIGTERM)
        """,
    "a handler that exits at once": """
        def end():
            signal.signal(signal.SIGTERM, lambda *_: os._exit(4))
            signal.raise_signal(signal.SIGTERM)
        """,
    "an exception": "def end(): raise SystemError('no')",
    "an interrupt": "def end(): raise KeyboardInterrupt",
    "sys.exit": "def end(): sys.exit(9)",
    "sys.exit in a thread": "def end(): threading.Thread(target=sys.exit, args=(3,)).start()",
    "os._exit at the end of Python": """
        import atexit
        atexit.register(os._exit, 6)
        """,
    "a daemon that is still at work": """
        def end():
            work = lambda: [time.sleep(0.001) for _ in iter(int, 1)]
            threading.Thread(target=work, daemon=True).start()
        """,
    "an ending of a child, then its own": """
        def end():
            child = os.fork()
            if not child:
                os._exit(5)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
            child = os.fork()
            if not child:
                os.kill(os.getpid(), signal.SIGTERM)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
            os._exit(7)
        """,
}

FAILING_EXEC = """
import os
def before(): pass
def after(): pass
before()
try:
    os.execv("/nowhere", ["x"])
except OSError:
    pass
after()
"""
"""A program that would end, and goes on."""


def without_children(text):
    """Take the line about child processes out of what was printed."""
    return _CHILDREN.sub("", text.replace("\r", ""))
