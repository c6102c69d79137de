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


def is_harmless(line: str) -> bool:
    """Whether one line can be shown on any terminal without an effect but itself."""
    return line.isprintable()
