"""Several sessions, records, recordings and a second browser, in a real Chromium."""

from __future__ import annotations

import re

import pytest
from support.publisher import Publisher
from support.recordings import record
from support.session import PROGRAM, MadeUpSession
from support.waiting import wait_until

from pikos.wire.tables import Column, Table

PROFILED = """
import time

def shared():
    time.sleep(0.001)

with RealTimeProfiler(interval=0.05):
    for _ in iter(int, 1):
        shared()
"""

MONITORED = """
import importlib.util, time
from pikos.api import FocusedLineMonitor, ZeroMQRecorder
from pikos.monitors.records import LineMemoryTimeRecord

spec = importlib.util.spec_from_file_location("work", sys.argv[1])
work = importlib.util.module_from_spec(spec)
spec.loader.exec_module(work)
recorder = ZeroMQRecorder(wait_for_ready=False)
monitor = FocusedLineMonitor(recorder, LineMemoryTimeRecord, functions=[work.step])
print("ready", flush=True)
with monitor:
    while True:
        work.step()
        time.sleep(0.02)
"""

WORK = """
kept = []


def step():
    text = "<b>not bold</b>"
    kept.append(bytearray(100_000))
    if len(kept) > 300:
        kept.clear()
    return text
"""


def number(text):
    return int(re.sub(r"\D", "", text))


def tabs(page):
    return page.locator("#tabs button").all_inner_texts()


@pytest.fixture
def profiled(start):
    """Start a program that is profiled."""

    def begin():
        program = start(PROFILED)
        program.session()
        return program

    return begin


def test_every_session_of_the_user_has_a_tab_as_they_come_and_go(profiled, serve, look):
    first = profiled()
    page = look(serve().address)
    assert [tab.partition('"')[0] for tab in tabs(page)] == [f"{first.pid} -c "]

    second = profiled()
    wait_until(lambda: any(tab.startswith(f"{second.pid} -c ") for tab in tabs(page)), "a tab")
    wait_until(lambda: tabs(page)[-1] == "all together", "all together")

    page.click("#tabs >> text=all together")
    page.wait_for_selector(f"#who >> text=/{first.pid}: -c .*{second.pid}: -c/")
    page.locator("#functions tr.row", has_text="shared").wait_for()
    page.click(f"#tabs >> text={second.pid}")
    page.wait_for_selector(f"#who >> text=process {second.pid}")
    second.stop()
    page.wait_for_selector("#tabs button.ended")


def test_without_a_session_the_page_waits_for_one(profiled, serve, browser):
    page = browser.new_page()
    page.goto(serve().address)
    page.wait_for_selector("#status >> text=waiting for it")

    program = profiled()

    page.wait_for_selector(f"#tabs >> text={program.pid}")
    page.locator("#functions tr.row", has_text="shared").wait_for()
    page.close()


def test_a_second_browser_sees_the_same(profiled, serve, look):
    address = serve(profiled().pid).address
    first, second = look(address), look(address, width=800)
    first.click("#functions th >> text=cumulative")
    first.click("#pause")
    first.wait_for_selector("#status >> text=paused")

    second.goto(first.url)
    second.reload()
    second.wait_for_selector("#status >> text=paused")
    second.wait_for_selector("#functions th[aria-sort=descending] >> text=cumulative")

    names = [
        page.locator("#functions td.cumulative, #functions td.name").all_inner_texts()
        for page in (first, second)
    ]
    assert names[0] == names[1]
    assert len(names[0]) > 2


@pytest.fixture
def monitored(start, tmp_path):
    """The file of a program whose lines are recorded with memory and time."""
    file = tmp_path / "work.py"
    file.write_text(WORK)
    program = start(MONITORED, str(file))
    assert program.line() == "ready"
    return program, file


def test_records_are_listed_filtered_and_lead_to_their_source(monitored, serve, look, tmp_path):
    program, file = monitored
    page = look(serve(program.pid, "--source-root", tmp_path).address)
    page.locator("#source tr.row", has_text="kept.append").wait_for()  # V6: the first panel
    assert page.locator("#panels button").all_inner_texts() == [
        "source", "memory", "records", "help",
    ]  # fmt: skip
    for key in "otgbf":  # V15: panels that have nothing to show
        page.keyboard.press(key)
    page.keyboard.press("?")
    page.wait_for_selector("#help dt >> text=/^e$/")
    assert not {"o", "t", "g", "b", "f"} & set(page.locator("#help dt:visible").all_inner_texts())
    page.keyboard.press("e")
    page.locator("#records tr.row", has_text="kept.append").first.wait_for()
    assert "text" not in page.url

    page.fill("#filter", "not bold")
    wait_until(
        lambda: all("not bold" in row for row in page.locator("#records tr.row").all_inner_texts()),
        "only what fits",
    )
    page.click("#pause")
    page.locator("#records tr.row").first.dblclick()

    row = page.locator("#source tr.row", has_text="kept.append(bytearray(100_000))")
    row.wait_for()
    assert page.inner_text("#source-file") == str(file)
    assert number(row.locator("td.records").inner_text()) > 0
    assert re.search(r"[µm]s$", row.locator("td.time").inner_text())
    assert "MiB" in row.locator("td.memory").inner_text()
    page.keyboard.press("m")
    page.wait_for_selector("#series-chart .scatterlayer .point")
    page.keyboard.press("l")
    page.wait_for_selector("#source tr.at >> text=kept.append")
    assert page.locator("#source b").count() == 0
    assert page.locator("#source tr.row", has_text="<b>not bold</b>").count() == 1


def test_a_field_of_records_is_drawn_against_their_time_or_index(monitored, serve, look):
    program, _ = monitored
    page = look(serve(program.pid).address)
    page.locator("#source tr.row").first.wait_for()

    def titles():
        chart = "#series-chart"
        return [page.text_content(f"{chart} .{axis}title") for axis in "xy"]

    page.keyboard.press("m")
    page.wait_for_selector("#series-chart .scatterlayer .point")
    assert titles() == ["time (s)", "RSS (MiB)"]
    assert page.evaluate("document.getElementById('series-chart').data[0].x[0]") < 1000
    page.select_option("#series-x", "index")
    wait_until(lambda: titles() == ["index", "RSS (MiB)"], "RSS against the index")


def test_the_source_of_a_profile_has_what_a_line_monitor_beside_it_tells(
    monitored, start, serve, look, tmp_path
):
    _, file = monitored
    profiled = start(
        PROFILED.replace("def shared", f"exec(open({str(file)!r}).read())\ndef shared")
    )
    profiled.session()

    page = look(serve("--source-root", tmp_path).address)
    page.click(f"#tabs >> text={profiled.pid}")
    page.locator("#functions tr.row", has_text="shared").wait_for()
    page.goto(page.url + f"&panel=source&file={file}")
    page.reload()

    row = page.locator("#source tr.row", has_text="kept.append")
    row.wait_for()
    assert page.inner_text("#who").startswith(f"pikos: process {profiled.pid}")
    assert number(row.locator("td.records").inner_text()) > 0


def test_records_of_several_kinds_are_chosen_from(runtime, serve, look):
    kinds = [
        Table(200 + number, name, "append", (), (Column(name.lower(), "i64"),))
        for number, name in enumerate(("First", "Second"))
    ]
    session = MadeUpSession(publishes="records")

    def rows(kind, begin):
        return session.records(kind, [(begin + n,) for n in range(20)])

    with Publisher(session=session, state={}) as publisher:
        page = look(serve(publisher.address).address)
        publisher.say_made(lambda: session.hello(*kinds))
        publisher.say_made(lambda: rows(kinds[0], 100))
        publisher.say_made(lambda: rows(kinds[1], 700))
        page.wait_for_selector("#records tr.row >> text=119")
        page.keyboard.press("m")
        page.wait_for_selector("#series-chart .scatterlayer .point")

        page.select_option("#series-kind", "Second")
        wait_until(lambda: page.text_content("#series-chart .ytitle") == "second", "the other one")
        page.keyboard.press("e")
        page.select_option("#records-kind", "Second")

        page.wait_for_selector("#records tr.row >> text=719")


@pytest.fixture
def recording(tmp_path):
    """A recording of 40 seconds, with one more call in each."""
    session = MadeUpSession(b"a recorded one!!", interval_ns=10**9)
    frames = session.keyframe(**PROGRAM)
    frames += [session.rows(stat=[(3, calls, 0, 0, calls, calls)]) for calls in range(100, 140)]
    frames.append(session.bye())
    return record(tmp_path / "recorded.pikos", frames, interval_s=1.0)


def test_a_recording_is_shown_whole(recording, serve, look):
    page = look(serve(recording).address)

    page.locator("#functions tr.row", has_text="time.sleep").locator("text=139").first.wait_for()
    assert page.inner_text("#status").startswith("ended")
    assert page.is_visible("#seeking")


def test_a_replay_goes_back_and_ahead(recording, serve, look):
    page = look(serve(recording, "--web", "--at", "30", verb="replay").address)

    def calls():
        return number(page.locator("#functions tr.row", has_text="sleep").first.inner_text())

    def status():
        return page.inner_text("#status")

    page.locator("#functions tr.row", has_text="time.sleep").wait_for()
    assert "replayed, 0:00:3" in status()
    page.click("#back")
    wait_until(lambda: "replayed, 0:00:2" in status(), "ten seconds back")
    page.keyboard.press("[")
    wait_until(lambda: "replayed, 0:00:1" in status(), "ten seconds more")
    page.click("#ahead")

    wait_until(lambda: "replayed, 0:00:2" in status(), "ten seconds ahead")
    page.keyboard.press("]")
    wait_until(lambda: "replayed, 0:00:3" in status(), "ten seconds more ahead")
