"""A strict reader of the Callgrind format, as far as a profiler of functions needs it."""

from __future__ import annotations

import re


class Callgrind:
    """What a file says; ValueError if a line is none of the format's."""

    def __init__(self, text):
        self.header = {}
        self.functions = {}
        self._names = {"file": {}, "function": {}}
        self._place = {}
        self._calls = None
        first, *lines = text.split("\n")
        if first != "# callgrind format":
            raise ValueError("it does not say what it is")
        for line in filter(None, lines):
            self._read(line)

    def _read(self, line):
        if match := re.fullmatch(
            r"(version|creator|pid|cmd|part|positions|events|summary|totals): (.*)", line
        ):
            self.header[match[1]] = match[2]
        elif match := re.fullmatch(r"(fl|fn|cfi|cfn)=\((\d+)\)(?: (.+))?", line):
            self._place[match[1]] = self._name(*match.groups())
            if match[1] == "fl":
                self._place["cfi"] = self._place["fl"]
        elif match := re.fullmatch(r"calls=(\d+) (\d+)", line):
            self._calls = int(match[1])
        elif match := re.fullmatch(r"(\d+) (\d+)", line):
            self._cost(int(match[1]), int(match[2]))
        else:
            raise ValueError(f"not a line of the format: {line!r}")

    def _name(self, kind, number, text):
        names = self._names["file" if kind in {"fl", "cfi"} else "function"]
        if text is None:
            return names[number]
        if number in names:
            raise ValueError(f"told twice: {text!r}")
        names[number] = text
        return text

    def _cost(self, line, cost):
        place = self._place["fl"], self._place["fn"]
        if self._calls is None:
            function = self.functions.setdefault(place, {"line": line, "self": 0, "calls": []})
            function["self"] += cost
            return
        self.functions[place]["calls"].append(
            (self._place["cfi"], self._place["cfn"], self._calls, cost)
        )
        self._calls = None
        self._place["cfi"] = self._place["fl"]
