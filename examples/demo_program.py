"""A program with something to see: a hot spot, recursion, built-ins, threads, a call that blocks.

Usage: python demo_program.py [SECONDS]

It works for SECONDS (15) in three threads.  Half-way, one call of a built-in function keeps the
interpreter's lock for a fifth of that time: the other threads stand still, and a viewer shows
how long that call has been open.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "the quick brown fox jumps over the lazy dog and the dog goes on to sleep " * 50


def is_prime(number: int) -> bool:
    """The hot spot."""
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def count_primes() -> int:
    """Call the hot spot often."""
    return sum(1 for number in range(2_000) if is_prime(number))


def fibonacci(index: int) -> int:
    """Recur."""
    return index if index < 2 else fibonacci(index - 1) + fibonacci(index - 2)


def grow_tree() -> int:
    """Start the recursion."""
    return fibonacci(16)


def count_words() -> list[tuple[str, int]]:
    """Use built-ins and the standard library."""
    words = [word.strip().upper() for word in TEXT.split()]
    return sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))


def block(seconds: float) -> bool:
    """Keep the interpreter's lock for that long: all this is one call of ``any``, and all C."""
    until = time.monotonic() + seconds
    return any(map(until.__lt__, iter(time.monotonic, None)))


def repeat(work: Callable[[], object], until: float, rounds: Counter[str]) -> None:
    """Work again and again until the clock says so."""
    while time.monotonic() < until:
        work()
        rounds[work.__name__] += 1


def main() -> None:
    """Start the threads, block them all once, and tell what they did."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    until = time.monotonic() + seconds
    rounds: Counter[str] = Counter()
    threads = [
        threading.Thread(target=repeat, name=work.__name__, args=(work, until, rounds))
        for work in (count_primes, grow_tree, count_words)
    ]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    block(seconds / 5)
    for thread in threads:
        thread.join()
    for name, count in sorted(rounds.items()):
        print(f"{name}: {count} rounds")


if __name__ == "__main__":
    main()
