"""Names that have anything in them: escaped where a terminal shows them, UTF-8 in files: P14."""

from __future__ import annotations

import os
import re
import sys
import threading
from types import SimpleNamespace

import pytest

from pikos import api
from pikos.api import recording
from pikos.cli import delivery, main, pikos_run
from pikos.cli.streams import print_error
from pikos.recorders.api import CSVRecorder, TextStreamRecorder

RAW = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]")
"""What a terminal must not be given."""
NAMES = {
    "lone surrogate": ("lone\udc80", "lone\\udc80"),
    "escape": ("esc\x1b[31m", "esc\\x1b[31m"),
    "control of eight bits": ("csi\x9b", "csi\\x9b"),
    "null": ("null\0x", "null\\x00x"),
    "line end": ("line\nx", "line\\nx"),
    "direction of writing": ("bidi\u202ex", "bidi\\u202ex"),
}
MONITORS = ["function_monitor", "line_monitor", "function_time_monitor", "line_memory_monitor"]


def named(name):
    """A function that has a name, in a file that has it too."""

    def function():
        return threading.current_thread()

    code = function.__code__.replace(co_name=name, co_filename=f"/{name}.py")
    return type(function)(code, globals())


def run_in_a_thread(name):
    thread = threading.Thread(target=named(name), name=f"thread {name}")
    thread.start()
    thread.join()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("monitor", MONITORS)
@pytest.mark.parametrize("kind", ["csv", "text"])
@pytest.mark.parametrize("each", [False, True])
def test_a_file_of_records_is_whole_and_utf_8(tmp_path, name, monitor, kind, each):
    """P14: a function name with a lone surrogate stopped every recording."""
    raw, escaped = NAMES[name]
    path = tmp_path / "records"
    factory = {"csv": recording.csv_file, "text": recording.text_file}[kind]
    made = getattr(api, monitor).monitor(factory(path, auto_flush=each))

    with made:
        run_in_a_thread(raw)

    assert made.error is None
    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    assert (escaped if kind == "text" or name == "lone surrogate" else raw) in text
    assert kind == "csv" or not RAW.search(text)


@pytest.fixture
def screen():
    """A terminal to write to, and what reads all that was written."""
    primary, replica = os.openpty()
    stream = open(replica, "w", encoding="utf-8", newline="")  # noqa: SIM115 - closed below

    def written():
        stream.write("END")
        stream.flush()
        text = b""
        while not text.endswith(b"END"):
            text += os.read(primary, 1 << 16)
        return text.decode()

    yield stream, written
    stream.close()
    os.close(primary)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("recorder", [CSVRecorder, TextStreamRecorder])
@pytest.mark.parametrize("accept", [None, lambda _: True], ids=["C", "Python"])
def test_records_on_a_terminal_have_escapes(screen, name, recorder, accept):
    """P14."""
    raw, escaped = NAMES[name]
    stream, written = screen
    made = api.function_monitor.monitor(recorder(stream, accept))

    function = named(raw)
    with made:
        function()

    assert made.error is None
    text = written()
    assert escaped in text
    assert not RAW.search(text)


def test_a_printed_profile_has_escapes():
    """P14: pikos run -s."""
    labels = [(f"/{raw}.py", 1, raw) for raw, _ in NAMES.values()]
    stats = {label: (1, 1, 0.0, 0.0, dict.fromkeys(labels, (1, 1, 0.0, 0.0))) for label in labels}

    text = delivery.stats_text(SimpleNamespace(stats=stats), "cumtime")

    assert not RAW.search(text)
    for _, escaped in NAMES.values():
        assert len(re.findall(rf"{re.escape(escaped)}\.py:1\({re.escape(escaped)}\)\n", text)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_an_error_has_one_line_and_escapes(capfd, name):
    """P14."""
    raw, escaped = NAMES[name]

    print_error(f"pikos: {raw}")

    assert capfd.readouterr().err == f"pikos: {escaped}\n"


@pytest.mark.parametrize(
    "words",
    [
        "run {}",
        "run -m {}x",
        "run --record {}/x script.py",
        "run -o {}/x script.py",
        "run --keys {} script.py",
        "run --address ipc://{}/no/where script.py",
        "run --interval {} script.py",
        "pikos-run functions {}",
        "pikos-run functions --focused-on {} script.py",
        "pikos-run functions --filter {}=1 script.py",
        "pikos-run functions --fields {} script.py",
        "pikos-run {}",
        "keygen {}.py",
        "top {}",
        "top {}.py",
        "diff {} {}.py",
        "export {} -f csv -o out",
        "plot {}.py",
        "report --html {}",
        "replay {}",
        "web --no-open {}",
    ],
)
@pytest.mark.parametrize("name", ["lone surrogate", "escape", "line end", "direction of writing"])
def test_a_refusal_has_one_line_and_escapes(tmp_path, monkeypatch, capfd, words, name):
    """P14: whatever a command line names."""
    raw, escaped = NAMES[name]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "argv", ["pikos"])
    (tmp_path / "script.py").touch()
    (tmp_path / f"{raw}.py").touch()
    command, *rest = words.replace("{}", raw).split(" ")
    try:
        status = pikos_run.main(rest) if command == "pikos-run" else main.main([command, *rest])
    except SystemExit as error:
        status = error.code

    output, errors = capfd.readouterr()

    assert (status, output) == (2, "")
    assert errors.count("\n") == 1
    assert not RAW.search(errors)
    assert escaped.replace("\\", "") in errors.replace("\\", "") or raw not in words
