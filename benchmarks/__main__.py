"""Measures what profiling costs with this interpreter, and prints it as tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import (
    attached,
    browser,
    commands,
    contexts,
    freshness,
    full_tree,
    greenlets,
    interference,
    monitors,
    overhead,
    publisher,
    pyperformance,
    region,
    startup,
    terminal,
)
from benchmarks.environment import Skipped
from benchmarks.machine import this_machine
from benchmarks.table import Result, tables
from benchmarks.workloads import WORKLOADS

ROUNDS, PROCESSES = 9, 3
QUICK_ROUNDS, QUICK_PROCESSES = 3, 1
PARTS = {
    "monitors": monitors,
    "startup": startup,
    "commands": commands,
    "publisher": publisher,
    "region": region,
    "freshness": freshness,
    "interference": interference,
    "greenlets": greenlets,
    "attached": attached,
    "terminal": terminal,
    "full-tree": full_tree,
    "contexts": contexts,
    "browser": browser,
}

PROGRAMS = "pyperformance"
"""What has a table of its own."""


def main() -> None:
    """Measure, and print."""
    options = _options()
    asked = set(options.names)
    workloads = [workload.name for workload in WORKLOADS if workload.name in asked or not asked]
    costs: dict[str, dict[str, overhead.Cost]] = {}
    if workloads:
        rounds = QUICK_ROUNDS if options.quick else ROUNDS
        processes = QUICK_PROCESSES if options.quick else PROCESSES
        costs = overhead.measure(workloads, rounds, processes, _tell)
    figures = []
    for name, part in PARTS.items():
        if name in asked or not asked:
            _tell(name)
            figures += part.measure(quick=options.quick)
    programs = _programs(options) if PROGRAMS in asked or not asked else {}
    result = Result(this_machine(), costs, figures, programs)
    if options.json is not None:
        options.json.write_text(result.to_json(), encoding="utf-8")
    print(tables([result]))


def _programs(options: argparse.Namespace) -> dict[str, pyperformance.Compared]:
    """Measure the programs of pyperformance where that is possible."""
    if not pyperformance.measured_here():
        _tell(f"{PROGRAMS} is skipped: it is for Python {pyperformance.VERSION}")
        return {}
    try:
        return pyperformance.measure(_tell, quick=options.quick)
    except Skipped as reason:
        _tell(f"{PROGRAMS} is skipped: it {reason}")
        return {}


def _options() -> argparse.Namespace:
    names = [*(workload.name for workload in WORKLOADS), PROGRAMS, *PARTS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few readings: does it work at all?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("names", nargs="*", help=f"what to measure: {', '.join(names)}; or all")
    options = parser.parse_args()
    unknown = set(options.names) - set(names)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(names)}")
    return options


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
