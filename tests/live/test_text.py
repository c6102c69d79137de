"""Text from strangers, and numbers, fit to be shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, strategies as st

from pikos.live import text

HOSTILE = {
    "escape": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "c1": "\x9b31m",
    "newline": "a\nb\r\nc",
    "tab and nul": "a\tb\0c",
    "delete": "a\x7fb",
    "bidi": "a\u202eb\u2066c\u200fd",
    "line separator": "a\u2028b\u2029c",
    "zero width": "a\u200bb\ufeffc",
    "surrogate": "a\udcffb\ud800c",
    "private": "a\ue000b",
    "tags": "a\U000e0041b",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_escapes(name):
    shown = text.safe(HOSTILE[name])

    assert shown.isprintable()
    assert "\\" in shown
    assert shown.encode("utf-8")


@given(st.text(), st.integers(0, 40))
def test_any_text_is_printable_and_fits(name, width):
    shown = text.safe(name, width)

    assert shown.isprintable()
    assert text.width_of(shown) <= width
    assert len(shown) <= width * (text.MARKS_MAX + 1)
    assert not any(unicodedata.category(character).startswith("C") for character in shown)


@given(st.text(st.characters(categories=("L", "N"))), st.integers(0, 40))
def test_fitted_text_has_exactly_its_width(name, width):
    assert text.width_of(text.left(text.safe(name), width)) == width
    assert text.width_of(text.right(text.safe(name), width)) == width


def test_wide_characters_take_two_columns():
    assert text.width_of("漢字") == 4
    assert text.cut("漢字漢字", 5) == "漢字…"
    assert text.cut("漢字", 4) == "漢字"


def test_a_name_full_of_accents_is_cut():
    assert len(text.safe("a" + "\u0301" * 10_000, 20)) <= 60


@given(st.text(st.characters(codec="utf-8")))
def test_the_quick_way_to_measure_text_agrees_with_the_slow_one(letters):
    printable = "".join(letter for letter in letters if letter.isprintable())

    assert text.width_of(printable) == sum(map(text._columns, printable))


def test_every_character_that_is_measured_the_quick_way_has_one_column():
    quick = [letter for letter in map(chr, range(0x3000)) if text._SINGLE.fullmatch(letter)]

    assert {
        letter for letter in quick if letter.isprintable() and text._columns(letter) != 1
    } == set()


def test_a_name_that_fits_is_left_alone():
    assert text.safe("größe_µ", 7) == "größe_µ"
    assert text.safe("größe_µm", 7) == "größe_…"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (999_999_999, "999,999,999"),
        (10**9, "1.00 G"),
        (-5, "-5"),
        (2**63, "9.22 E"),
        (10**30, "1.0e+30"),
    ],
)
def test_counts(number, shown):
    assert text.count(number) == shown


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (10_000, "10.0 µs"),
        (12_345_678, "12.3 ms"),
        (12_345_678_901, "12.346 s"),
        (-12_345_678_901, "-12.346 s"),
        (999_999_999_999, "1000.0 s"),
        (36_000 * 10**9, "10.0 h"),
        (2**63, "106752 d"),
    ],
)
def test_durations(nanoseconds, shown):
    assert text.duration(nanoseconds) == shown


@given(st.integers(-(2**63), 2**63))
def test_no_number_is_wider_than_its_column(number):
    assert len(text.count(number)) <= 12
    assert len(text.duration(number)) <= 10
    assert len(text.size(abs(number))) <= 14


def test_sizes_and_clocks():
    assert text.size(1023) == "1023 B"
    assert text.size(50_000_000) == "47.7 MiB"
    assert text.clock(3_725.9) == "1:02:05"
    assert text.clock(-1) == "0:00:00"


def test_a_table_is_laid_out_in_columns():
    rows = [("name", "calls"), ("a\x1b", "10"), ("漢字", "5")]

    assert text.table(rows, numbers=(False, True)) == [
        "name   calls",
        "a\\x1b     10",
        "漢字       5",
    ]
