"""Measures real programs, and prints what Pikos sees of them and what it costs, as a table."""

from __future__ import annotations

import argparse
import sys

from benchmarks.environment import Skipped
from benchmarks.real import (
    celery,
    django,
    fastapi,
    fastapi_threads,
    pylint,
    scrapy,
    sklearn,
    sphinx,
    torch,
)
from benchmarks.real.measuring import Measured, measure

PROGRAMS = {
    module.PROGRAM.name: module.PROGRAM
    for module in (pylint, sphinx, django, fastapi, fastapi_threads, sklearn, celery, scrapy, torch)
}
HEADER = (
    "program", "as bare", "contexts", "in full stacks", "folded calls", "bare, CPU s",
    "Pikos ÷ bare", "cProfile ÷ bare", "RSS bare, MiB", "Pikos, MiB", "cProfile, MiB",
    "viewer, MiB",
)  # fmt: skip


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each mode (3)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PROGRAMS)}; or all")
    options = parser.parse_args()
    unknown = set(options.names) - set(PROGRAMS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(PROGRAMS)}")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    print(_line(HEADER), _line(["---"] * len(HEADER)), sep="\n", flush=True)
    for name in options.names or PROGRAMS:
        try:
            measured = measure(PROGRAMS[name], options.rounds)
        except Skipped as reason:
            print(f"{name} is skipped: {reason}", file=sys.stderr)
            continue
        print(_line(_cells(measured)), flush=True)
        if measured.difference:
            print(f"{name} was not as bare: {measured.difference}", file=sys.stderr)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(measured: Measured) -> tuple[str, ...]:
    bare_s = measured.cpu_s("bare")
    stacks = measured.stacks
    return (
        measured.program.name,
        "NO" if measured.difference else "yes",
        f"{stacks.contexts:,}",
        f"{stacks.full:.2%}",
        f"{stacks.folded_calls:,}",
        f"{bare_s:.2f}",
        *(f"{measured.cpu_s(mode) / bare_s:.2f}" for mode in ("pikos", "cprofile")),
        *(f"{measured.rss_mib(mode):.0f}" for mode in ("bare", "pikos", "cprofile")),
        f"{measured.viewer_bytes / 2**20:.0f}",
    )


if __name__ == "__main__":
    main()
