"""``pikos plot``: pictures of what a monitor wrote, or one line on what is wrong."""

from __future__ import annotations

import csv
import itertools
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.deadlines import DEADLINE_S

from pikos.cli import main, plot
from pikos.cli.plot_data import read
from pikos.cli.plot_marks import STRETCHES, Span, left_out, readable, rises, shown, spans
from pikos.cli.plot_picture import draw
from pikos.errors import PlotError

MIB = 1024 * 1024
LINES = [
    ["index", "function", "lineNo", "RSS", "VMS", "line", "filename"],
    [0, "work", 16, 60 * MIB, 300 * MIB, "    y,x = ogrid[-1:1, -2:0]", "a.py"],
    [1, "work", 17, 61 * MIB, 300 * MIB, "    c = x  # $x_1$, a comma", "a.py"],
    [2, "work", 18, 69 * MIB, 308 * MIB, "    return rest(c)", "a.py"],
    [3, "rest", 30, 65 * MIB, 304 * MIB, "    return 1", "a.py"],
]
TIMES = [
    ["index", "type", "function", "lineNo", "time_ns", "last_exit_ns", "thread_name", "filename"],
    [0, "call", "work", 1, 5_000_000_000, 0, "MainThread", "a.py"],
    [1, "return", "work", 2, 7_000_000_000, 6_000_000_000, "MainThread", "a.py"],
]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write rows as a recorder does, into the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(name, rows):
        with open(name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        return name

    return write


def status_of(words):
    try:
        return main.main(words)
    except SystemExit as error:
        return error.code


def drawn(*paths, x="index", ys=("RSS",)):
    """A figure of the files, not written anywhere."""
    figure = Figure()
    draw(figure, [read(path) for path in paths], x, ys)
    return figure


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("name", "begins"),
    [("out.png", b"\x89PNG"), ("out.svg", b"<?xml"), ("OUT.SVG", b"<?xml")],
)
def test_the_picture_is_written_in_the_form_of_its_name(written, tmp_path, name, begins):
    assert main.main(["plot", written("m.csv", LINES), "-o", name]) == 0

    assert (tmp_path / name).read_bytes().startswith(begins)
    assert sorted(os.listdir(tmp_path)) == sorted(["m.csv", name])


def test_memory_is_drawn_in_mib_as_steps_against_the_index(written):
    _, panel = drawn(written("m.csv", LINES)).axes

    line = panel.get_lines()[0]
    assert panel.get_ylabel() == "RSS (MiB)"
    assert panel.get_xlabel() == "record index"
    assert line.get_drawstyle() == "steps-post"
    assert list(line.get_xdata()) == [0, 1, 2, 3]
    assert list(line.get_ydata()) == [60, 61, 69, 65]


def test_functions_and_the_lines_of_the_greatest_rises_are_named(written):
    figure = drawn(written("m.csv", LINES))
    strip, panel = figure.axes

    assert texts(strip) == ["work"]
    assert texts(panel) == ["1", "2"]
    assert [" ".join(text.get_text().split()) for text in figure.texts] == [
        "1 +1.00 MiB work:16 y,x = ogrid[-1:1, -2:0]",
        "2 +8.00 MiB work:17 c = x # $x_1$, a comma",
        "m.csv",
    ]


def test_each_field_has_a_panel(written):
    figure = drawn(written("m.csv", LINES), ys=["RSS", "VMS", "lineNo"])

    assert [axes.get_ylabel() for axes in figure.axes[1:]] == ["RSS (MiB)", "VMS (MiB)", "lineNo"]


def test_time_is_drawn_in_seconds_from_the_first_record(written):
    figure = drawn(written("t.csv", TIMES), x="time_ns", ys=["last_exit_ns"])

    line = figure.axes[-1].get_lines()[0]
    assert figure.axes[-1].get_xlabel() == "time (s)"
    assert figure.axes[-1].get_ylabel() == "last exit (s)"
    assert list(line.get_xdata()) == [0, 2]
    assert line.get_ydata()[1] == 1
    assert np.isnan(line.get_ydata()[0])


def test_several_files_are_drawn_over_one_another(written):
    figure = drawn(written("one.csv", LINES), written("$two_1$.csv", LINES[:3]))

    (panel,) = figure.axes
    assert [len(line.get_xdata()) for line in panel.get_lines()] == [4, 2]
    assert len({line.get_color() for line in panel.get_lines()}) == 2
    assert [text.get_text() for text in panel.get_legend().get_texts()] == [
        "one.csv",
        r"\$two_1\$.csv",
    ]


def test_hostile_names_are_drawn_as_they_are(written, tmp_path):
    rows = [
        [*row[:1], "$\\frac{\x1b[2J\u202e<b>" if place else row[1], *row[2:]]
        for place, row in enumerate(LINES)
    ]

    assert main.main(["plot", written("m.csv", rows), "-o", "out.svg"]) == 0

    assert "\x1b" not in (tmp_path / "out.svg").read_text(encoding="utf-8")


def test_a_single_record_is_drawn(written, tmp_path):
    assert main.main(["plot", written("m.csv", LINES[:2]), "-o", "out.png"]) == 0


def test_very_many_spans_are_drawn_to_the_end_and_what_is_left_out_is_said(written):
    """P16."""
    rows = [[index, f"f{index % 50}", 1, MIB, MIB, "x", "a.py"] for index in range(5_000)]

    picture = drawn(written("m.csv", [LINES[0], *rows]))

    strip, _ = picture.axes
    ends = [box.x1 for each in strip.collections for box in [each.get_datalim(strip.transData)]]
    assert max(ends) == pytest.approx(4_999)
    (said,) = [text.get_text() for text in picture.texts if "not shown" in text.get_text()]
    assert "of 5,000 spans" in said


def alternating(count, busy):
    """A program that goes to and fro between two functions, the one's turns being longer."""
    return [
        Span("busy" if n % 2 else "idle", at, at + (busy if n % 2 else 1 - busy))
        for n in range(count)
        for at in [n // 2 + (1 - busy) * (n % 2)]
    ]


def test_of_very_many_spans_the_busiest_functions_are_drawn():
    """P16: in each stretch the one that is there longest, from end to end."""
    found = [*alternating(20_000, 0.9), Span("end", 10_000, 30_000)]
    found += [span._replace(begin=span.begin + 30_000, end=span.end + 30_000) for span in found]

    kept = readable(found)

    assert [span.function for span in kept] == ["busy", "end", "busy", "end"]
    assert (kept[0].begin, kept[-1].end) == (0, pytest.approx(60_000))
    assert all(one.end == pytest.approx(other.begin) for one, other in itertools.pairwise(kept))
    assert "not shown are 39,998 of 40,002 spans, and 1 of 3 functions" in left_out(found, kept)


def test_spans_for_which_there_is_room_are_all_drawn():
    """P16: and nothing is said of any that are left out."""
    few = alternating(2_000, 0.5)

    assert readable(few) == few
    assert left_out(few, readable(few)) == ""
    assert readable([]) == []


@pytest.mark.parametrize("at", [7.0, float("nan"), float("inf")])
def test_very_many_spans_without_a_width_are_left_out(at):
    many = [Span(f"f{n}", at, at) for n in range(3_000)]

    assert readable(many) == []
    assert "3,000 of 3,000 spans, and 3,000 of 3,000 functions" in left_out(many, [])


def test_spans_of_an_axis_that_goes_back_and_forth_are_drawn():
    many = [Span("f", (n * 7919) % 101, ((n + 1) * 7919) % 101) for n in range(3_000)]

    kept = readable(many)

    assert 1 <= len(kept) <= STRETCHES
    assert {span.function for span in kept} == {"f"}


def test_the_spans_cover_the_records_without_a_gap(written):
    found = spans(read(written("m.csv", LINES)), [0, 1, 2, 3])

    assert found == [("work", 0, 3), ("rest", 3, 3)]


def test_the_greatest_rise_of_a_place_is_marked(written):
    rows = [[index, "f", 1, RSS * MIB, 1, "x", "a.py"] for index, RSS in enumerate([1, 2, 9, 9])]

    (mark,) = rises(read(written("m.csv", [LINES[0], *rows])), [0, 1, 2, 3], [1, 2, 9, 9], 5)

    assert mark == (2, 9, 7, "f:1  x")


def test_long_texts_are_cut():
    assert shown("x" * 1000) == "x" * 63 + "…"


def test_a_line_that_was_cut_off_at_the_end_is_left_out(written, tmp_path):
    path = written("m.csv", LINES)
    with open(path, "a", encoding="utf-8") as file:
        file.write("4,wo")

    assert len(read(path)) == 4


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (LINES, ["--y", "memory"], "field 'memory' is not in the records; give one of index, "),
        (LINES, ["--x", "function"], "field 'function' is not of numbers; give one of index, "),
        (TIMES, [], "m.csv: the records have no RSS; give --y with one of index, lineNo, time_ns"),
        ([["word"], ["a"]], [], "m.csv: the records have no RSS; none of its fields is of numbers"),
        (LINES[:1], [], "m.csv: it holds no records"),
        ([], [], "m.csv is an empty file; expected a CSV file of records"),
        (LINES[1:], [], "m.csv: its first line does not name the fields"),
        ([LINES[0], [1, 2], *LINES[1:]], [], "m.csv: line 2 has 2 fields and the first 7"),
        (LINES, ["-o", "out.jpg"], "out.jpg: a picture's name ends in .png or .svg"),
        (LINES, ["-o", "no/where.png"], "no; make it first"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_nothing_is_written(
    written, tmp_path, capsys, rows, options, message
):
    written("m.csv", rows)

    assert status_of(["plot", "m.csv", "-o", "out.png", *options]) == 2

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert os.listdir(tmp_path) == ["m.csv"]


def test_a_file_that_is_not_there_is_named(capsys):
    assert main.main(["plot", "/no/file.csv", "-o", "x.png"]) == 2

    assert "/no/file.csv does not exist; expected a CSV file of records" in capsys.readouterr().err


def test_a_file_that_is_no_csv_is_named(tmp_path):
    path = tmp_path / "b.csv"
    path.write_text('index,RSS\n1,"' + "x" * 200_000 + '"\n', encoding="utf-8")

    with pytest.raises(PlotError, match="no CSV file"):
        read(str(path))


def test_a_picture_that_is_there_stays_when_there_is_no_new_one(written, tmp_path):
    (tmp_path / "out.png").write_bytes(b"old")

    main.main(["plot", written("m.csv", LINES), "-o", "out.png", "--y", "none"])

    assert (tmp_path / "out.png").read_bytes() == b"old"


def without_display():
    variables = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    return variables | {"MPLBACKEND": "agg"}


def test_without_a_display_the_picture_is_named_after_the_file(pikos, written, tmp_path):
    """P28."""
    done = pikos("plot", written("m.csv", LINES), written("n.csv", LINES), env=without_display())

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith(f"no display for a window: wrote {tmp_path / 'm.png'}\n")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_display_no_file_is_made_for_wrong_fields(written, monkeypatch, capsys):
    """P28."""
    monkeypatch.setattr(plot, "has_display", lambda: False)

    assert status_of(["plot", written("m.csv", LINES), "--y", "none"]) == 2

    assert capsys.readouterr().err.count("\n") == 1
    assert os.listdir() == ["m.csv"]


def test_without_a_display_a_pipe_needs_a_name_for_its_picture(written, monkeypatch, capsys):
    """P28."""
    monkeypatch.setattr(plot, "has_display", lambda: False)
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_text, args=("index,RSS\n0,1\n1,2\n",))
    writer.start()

    assert status_of(["plot", "pipe"]) == 2

    writer.join(DEADLINE_S)
    assert "there is no display to open a window on; give -o PICTURE" in capsys.readouterr().err


def test_without_matplotlib_the_extra_is_named(python, written):
    written("m.csv", LINES)

    done = python(
        "-c",
        "import sys; sys.modules['matplotlib'] = None; from pikos.cli.main import main; "
        "sys.exit(main(['plot', 'm.csv', '-o', 'out.png']))",
    )

    assert done.returncode == 1
    assert "pip install 'pikos[plot]'" in done.stderr


def test_a_window_shows_the_picture(written, monkeypatch):
    from matplotlib import pyplot as plt

    shown_figures = []
    monkeypatch.setattr(plt, "get_backend", lambda: "tkagg")
    monkeypatch.setattr(plt, "show", lambda: shown_figures.append(plt.gcf()))
    plt.switch_backend("agg")

    assert main.main(["plot", written("m.csv", LINES)]) == 0

    (figure,) = shown_figures
    assert len(figure.axes) == 2
    plt.close("all")


def test_the_verb_s_help_brings_no_matplotlib(python):
    done = python("-c", "import sys, pikos.cli.plot; print(*sys.modules)")

    assert not {"matplotlib", "numpy"}.intersection(done.stdout.split())
