"""Programs that say that they have made their calls, and are killed at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

KILLS = 100
PART = 10
CALLS = 1000
KINDS = {
    "leaf": "leaf",
    "recursive": "recursive",
    "generator": "generator",
    "coroutine": "coroutine",
    "thread": "leaf",
}
"""Kinds of calls, each with the function that is called."""

CALLING = """
import os, sys, threading

def leaf(): pass

def recursive(n):
    if n: recursive(n - 1)

def generator():
    while True: yield

async def coroutine(): pass

def call_leaf(n):
    for _ in range(n): leaf()

def call_recursive(n): recursive(n - 1)

def call_generator(n):
    made = generator()
    for _ in range(n): next(made)
    return made

def call_coroutine(n):
    for _ in range(n):
        try: coroutine().send(None)
        except StopIteration: pass

def call_thread(n):
    thread = threading.Thread(target=call_leaf, args=(n,), name="worker")
    thread.start()
    thread.join()

sys.setrecursionlimit(5000)
write = os.write
said = b"made"
"""
"""Defines what makes calls of each kind."""

MAKE_CALLS = """
kept = globals()["call_" + sys.argv[1]](int(sys.argv[2]))
write(1, said)
while True: pass
"""
"""Makes calls of the kind and number that the arguments say, and says so."""


def kills(kill, kind, count):
    """Kill programs, four at a time; the number of calls of each, and what ``kill`` returns.

    A part of them is judged before the next is killed: not many last states are kept.
    """
    with ThreadPoolExecutor(4) as pool:
        for first in range(CALLS, CALLS + count, PART):
            part = range(first, min(first + PART, CALLS + count))
            yield from zip(part, pool.map(lambda calls: kill(kind, calls), part), strict=True)
