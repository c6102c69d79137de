"""The figures of one or more interpreters as tables in Markdown.

Usage: python -m benchmarks.table FILE...      the files are those of ``--json``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import pyperformance
from benchmarks.figure import Figure, amount
from benchmarks.goals import goal_for
from benchmarks.machine import Machine
from benchmarks.overhead import Cost, summary
from benchmarks.pyperformance import Compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORDS = {
    "pikos": "**Pikos**, live to a viewer, 10 a second",
    "pikos-monotonic": "Pikos, the same with the monotonic clock",
    "pikos-unpublished": "Pikos, not publishing",
    "pikos-python-only": "Pikos, live, no built-ins, beside cProfile(builtins=False)",
    "floor": "hooks that do nothing: the floor of the interpreter's mechanism",
    "floor-clock": "hooks that read the clock and do nothing else",
    "yappi": "yappi (wall)",
    "viztracer": "viztracer (recording, not saving)",
}
NOTHING = "-"


class Result(NamedTuple):
    """All that was measured with one interpreter."""

    machine: Machine
    overhead: dict[str, dict[str, Cost]]
    """Costs by tool, then by workload."""
    figures: list[Figure]
    programs: dict[str, Compared]
    """Programs of pyperformance, by name; empty where they were not measured."""

    def to_json(self) -> str:
        """Itself as JSON."""
        overhead = {
            tool: {name: cost._asdict() for name, cost in costs.items()}
            for tool, costs in self.overhead.items()
        }
        figures = [{**figure._asdict(), "reached": figure.reached} for figure in self.figures]
        programs = {name: compared._asdict() for name, compared in self.programs.items()}
        whole = {
            "machine": self.machine._asdict(),
            "overhead": overhead,
            "figures": figures,
            "programs": programs,
        }
        return json.dumps(whole, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Result:
        """The result that to_json() wrote."""
        whole = json.loads(text)
        overhead = {
            tool: {name: Cost(**cost) for name, cost in costs.items()}
            for tool, costs in whole["overhead"].items()
        }
        figures = [
            Figure(**{name: value for name, value in figure.items() if name != "reached"})
            for figure in whole["figures"]
        ]
        programs = {name: Compared(**compared) for name, compared in whole["programs"].items()}
        return cls(Machine(**whole["machine"]), overhead, figures, programs)


def tables(results: Sequence[Result]) -> str:
    """Everything that is known of the results.

    Parameters
    ----------
    results
        One for each interpreter.

    """
    programs = [programs_of(result) for result in results if result.programs]
    return "\n\n".join(filter(None, [machines(results), *programs, calls_of(results)]))


def calls_of(results: Sequence[Result]) -> str:
    """What calls, records, the publisher and viewers cost."""
    parts = []
    if any(result.overhead for result in results):
        parts += [_overhead(results), _workloads(results)]
    if any(result.figures for result in results):
        parts.append(_figures(results))
    return "\n\n".join(parts)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _versions(first: str, results: Sequence[Result]) -> list[str]:
    return [first, *(result.machine.python for result in results)]


def machines(results: Sequence[Result]) -> str:
    """What the results were measured on."""
    lines = []
    for result in results:
        machine = result.machine
        lines.append(
            f"- CPython {machine.python} ({machine.build}), {machine.mechanism}, clock "
            f"{machine.clock}; {machine.processor}, {machine.cores} cores, {machine.system}; "
            f"extension by gcc {machine.extension_compiler}; commit {machine.commit}"
            + (f"; {machine.peers}" if machine.peers else "")
        )
    return "\n".join(lines)


def programs_of(result: Result) -> str:
    """Programs of pyperformance with one interpreter: a line each, and what is concluded."""
    mean = pyperformance.means(result.programs)
    head = [
        f"CPU time ÷ bare, CPython {result.machine.python}",
        *pyperformance.WORDS.values(),
        "bare, s",
    ]
    rows = [["**geometric mean of the first eight**", *map("**{:.2f}**".format, mean.values()), ""]]
    for name, compared in result.programs.items():
        ratios = (f"{compared.ratios[mode]:.2f}" for mode in pyperformance.WORDS)
        rows.append([name, *ratios, f"{compared.bare_s:.2f}"])
    found = pyperformance.figures(result.programs)
    return _table(head, rows) + "\n\n" + "\n".join(f"- {one.what}: {_text(one)}" for one in found)


def _overhead(results: Sequence[Result]) -> str:
    """One line a tool: geometric mean, and the worst."""
    tools = list(dict.fromkeys(tool for result in results for tool in result.overhead))
    rows = [[WORDS[tool], *(_mean(result, tool) for result in results)] for tool in tools]
    head = _versions("added time ÷ cProfile's: geometric mean (worst)", results)
    return _table(head, rows)


def _mean(result: Result, tool: str) -> str:
    found = summary(result.overhead.get(tool, {}))
    if found is None:
        return NOTHING
    mean, worst = found
    text = f"{mean:.2f} ({worst:.2f})"
    goal = goal_for(tool, result.machine.python, result.machine.clock)
    if goal is not None:
        text += f", goal {goal}: {'reached' if goal.reached(mean, worst) else 'not reached'}"
    return text


def _workloads(results: Sequence[Result]) -> str:
    """One line a workload: what cProfile adds to a call, and what we add."""
    names = list(
        dict.fromkeys(name for result in results for name in result.overhead.get("pikos", {}))
    )
    rows = [[name, *(_costs(result, name) for result in results)] for name in names]
    head = _versions("added ns per call: cProfile → Pikos, live; floor", results)
    return _table(head, rows) + "\n\n~ noisy: the bare runs differ by more than 10 %"


def _costs(result: Result, workload: str) -> str:
    ours = result.overhead["pikos"].get(workload)
    floor = result.overhead.get("floor", {}).get(workload)
    if ours is None:
        return NOTHING
    mark = " ~" if ours.noisy else ""
    text = f"{ours.cprofile_ns:.0f} → {ours.tool_ns:.0f} ({ours.ratio:.2f}{mark})"
    return text if floor is None else f"{text}; {floor.tool_ns:.0f}"


def _figures(results: Sequence[Result]) -> str:
    names = list(dict.fromkeys(figure.what for result in results for figure in result.figures))
    rows = [[name, *(_figure(result, name) for result in results)] for name in names]
    return _table(_versions("monitors, publisher and viewers", results), rows)


def _figure(result: Result, name: str) -> str:
    figure = next((figure for figure in result.figures if figure.what == name), None)
    return NOTHING if figure is None else _text(figure)


def _text(figure: Figure) -> str:
    """The value of a figure, what is noted of it, and whether it is as good as it should be."""
    text = amount(figure.value, figure.unit)
    if figure.note:
        text += f" ({figure.note})"
    if figure.goal is not None:
        verdict = "reached" if figure.reached else "not reached"
        text += f", goal ≤ {figure.goal:g}: {verdict}"
    return text


if __name__ == "__main__":
    files = [Path(name) for name in sys.argv[1:]]
    print(tables([Result.from_json(file.read_text(encoding="utf-8")) for file in files]))
