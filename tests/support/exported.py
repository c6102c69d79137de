"""Self times by function, as each exported format has them."""

from __future__ import annotations

import csv
import io
import json
import marshal
import re
from collections import Counter

from support.callgrind import Callgrind


def _pstats(content):
    for label, row in marshal.loads(content).items():
        yield label[2], row[2]


def _collapsed(content):
    for line in content.decode().splitlines():
        stack, _, ns = line.rpartition(" ")
        yield stack.rpartition(";")[2], int(ns) / 1e9


def _speedscope(content):
    told = json.loads(content)
    frames = told["shared"]["frames"]
    for profile in told["profiles"]:
        for stack, ns in zip(profile["samples"], profile["weights"], strict=True):
            yield frames[stack[-1]]["name"], ns / 1e9


def _chrome(content):
    for event in json.loads(content)["traceEvents"]:
        if event["ph"] == "X":
            yield event["name"], event["args"]["self_ns"] / 1e9


def _callgrind(content):
    for (_, label), row in Callgrind(content.decode()).functions.items():
        yield label, row["self"] / 1e9


def _gecko(content):
    for thread in json.loads(content)["threads"]:
        samples = thread["samples"]
        for stack, ms in zip(samples["stack"], samples["weight"], strict=True):
            frame = thread["stackTable"]["frame"][stack]
            name = thread["funcTable"]["name"][thread["frameTable"]["func"][frame]]
            yield thread["stringArray"][name], ms / 1e3


def _csv(content):
    for row in csv.DictReader(io.StringIO(content.decode())):
        yield row["name"], int(row["self_ns"]) / 1e9


def _json(content):
    tables = json.loads(content)["tables"]
    names = {row[0]: row[3] for row in tables["function"]["rows"]}
    for row in tables["stat"]["rows"]:
        yield names[row[0]], row[4] / 1e9


def _html(content):
    for row in content.decode().partition("<tbody>")[2].split("<tr>")[1:]:
        cells = row.split("<td")
        yield cells[-1][1:], int(cells[3].split('"')[1]) / 1e9


_READERS = {
    "pstats": _pstats,
    "collapsed": _collapsed,
    "speedscope": _speedscope,
    "chrome": _chrome,
    "callgrind": _callgrind,
    "gecko": _gecko,
    "csv": _csv,
    "json": _json,
    "html": _html,
}


def self_s(content, form, name):
    """Seconds in functions of a name themselves, by what stands in an exported file."""
    own = Counter()
    for label, seconds in _READERS[form](content):
        own[label] += seconds
    return sum(s for label, s in own.items() if re.match(r"(\w+\.)*" + name + r"\b", label))
