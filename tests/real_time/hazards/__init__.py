"""Programs that do to the profiler what a decent program would not: a function each."""

from hazards import (
    arguments,
    clearing,
    destructors,
    exceptions,
    generators,
    greenlets,
    interpreters,
    memory,
    names,
    others,
    processes,
    threads,
    timers,
)
from hazards.harness import SCENARIOS, Skipped

__all__ = [
    "SCENARIOS",
    "Skipped",
    "arguments",
    "clearing",
    "destructors",
    "exceptions",
    "generators",
    "greenlets",
    "interpreters",
    "memory",
    "names",
    "others",
    "processes",
    "threads",
    "timers",
]
