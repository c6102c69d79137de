"""Names that a malicious program might have, and what must never reach a terminal."""

from __future__ import annotations

from support.session import PROGRAM

NAMES = {
    "escape": "\x1b[31mred\x1b[0m\x1b[2J",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "device control": "\x1bP+q544e\x1b\\",
    "c1": "\x9b31m\x9d52;c;ZXZpbA==\x9c",
    "newline": "a\nb\r\nc\x0bd\x0ce",
    "tab nul delete": "a\tb\0c\x7fd",
    "bidi": "a\u202eb\u2066c\u200fd\u061ce",
    "line separators": "a\u2028b\u2029c\x85d",
    "zero width": "a\u200bb\ufeffc\u2060d",
    "tags": "a\U000e0041\U000e0042",
    "private": "a\ue000\U000f0000",
    "replacement": "a\ufffdb",
    "format": "%s{0}{name!r}%n",
    "accents": "a" + "\u0301" * 500,
    "wide": "漢" * 500,
    "long": "x" * 4096,
    "empty": "",
}

SURROGATES = "a\udcffb\ud800c"
"""Cannot come over the wire, but from this machine: a command line, a path."""


def program(name: str) -> dict[str, list[tuple[object, ...]]]:
    """A program in which every name is this one."""
    return {
        **PROGRAM,
        "function": [(number, number % 2, 1, name, name, name) for number in (1, 2, 3)],
        "thread": [(1, 111, 4242, 1, 1, 3, name)],
    }


LARGEST, LEAST = 2**63 - 1, -(2**63)
"""What a column of whole numbers can hold."""

TIMES_NS = (LARGEST, LEAST, 0, -1, 10**18)
"""Times of a clock that jumps."""

ODD_FACTS = [
    {"interval_ns": LARGEST},
    {"interval_ns": -1},
    {"pid": LEAST, "started_unix_ns": LARGEST},
    {"host": "\x1b]0;owned\x07", "clock": "\u202e", "mechanism": "", "python": "a\nb"},
    {"publishes": "records"},
    {"argv": []},
    {"unknown": {"a": [None, True, 1.5]}},
]
"""What a session might say of itself."""


def impossible(number: int) -> dict[str, list[tuple[object, ...]]]:
    """Rows of a program of which nothing can be true."""
    return {
        "function": [(number, number, number, "f", "f", "/f.py"), (0, 0, 0, "z", "z", "~")],
        "stat": [(number, number, LEAST, LARGEST, number, number), (2, -5, 9, 0, -1, LARGEST)],
        "edge": [(number, number, number, LEAST, number, number), (2, 2, -1, LARGEST, -1, -1)],
        "context": [
            (number, number, number, number, number, number, *[number] * 5),
            (7, 7, 1, 2, 2, 0, *[LARGEST] * 5),
            (8, 9, 1, 2, 2, 0, *[LARGEST] * 5),
            (9, 8, 1, 3, 2, 1, *[LEAST] * 5),
        ],
        "open_call": [
            (number, number, number, number, number, *[number] * 5),
            (1, LARGEST, 2, 7, LEAST, LARGEST, LEAST, LARGEST, -1, 1),
        ],
        "thread": [(number, *[number] * 5, "t")],
        "session": [(1, *[number] * 13)],
    }


def is_harmless(line: str) -> bool:
    """Whether one line can be shown on any terminal without an effect but itself."""
    return line.isprintable()
