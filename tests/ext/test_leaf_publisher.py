"""What viewers get, when, and how it ends."""

from __future__ import annotations

import collections
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from heard import EXTERNAL, STREAM, tables_of
from leaf import Facts
from support.deadlines import DEADLINE_S
from support.whole import LOST_AFTER_S, recorded_whole

from pikos.wire.messages import Bye, Hello, Rows
from pikos.wire.tables import FLAG_KEYFRAME, FLAG_KEYFRAME_END

large = pytest.mark.skipif(
    "PIKOS_LEAF_VARIANT" in os.environ, reason="too large for a sanitizer, and nothing new to it"
)


def until(condition):
    """Wait for a condition, with a deadline."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.002)


def by(rows, *names):
    return {tuple(row[name] for name in names): row for row in rows}


@pytest.fixture
def busy(ledger):
    """A ledger with main → work → leaf, where main is still running."""
    main, work, inner = (ledger.function(name) for name in ("main", "work", "leaf"))
    ledger.call(main, 1000)
    for start in (2000, 3000):
        ledger.call(work, start)
        ledger.call(inner, start + 100)
        ledger.leave(start + 300)
        ledger.leave(start + 500)
    return ledger


def test_a_late_subscriber_gets_hello_and_then_everything(publish, busy, viewers):
    publisher = publish(busy, interval_s=600)

    hello, *keyframe = viewers(publisher.endpoint).keyframe()

    assert hello.facts["mechanism"] == "test"
    assert hello.envelope.stream == STREAM
    tables = tables_of(keyframe)
    assert [row["name"] for row in tables["function"]] == ["main", "work", "leaf"]
    assert by(tables["stat"], "function") == {
        (2,): {
            "function": 2,
            "callcount": 2,
            "reccallcount": 0,
            "resumecount": 0,
            "inline_ns": 600,
            "cumulative_ns": 1000,
        },
        (3,): {
            "function": 3,
            "callcount": 2,
            "reccallcount": 0,
            "resumecount": 0,
            "inline_ns": 400,
            "cumulative_ns": 400,
        },
    }
    assert {(row["caller"], row["callee"]): row["callcount"] for row in tables["edge"]} == {
        (1, 2): 2,
        (2, 3): 2,
    }
    assert [(row["parent"], row["function"]) for row in tables["context"]] == [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
    ]
    assert [row["id"] for row in tables["thread"]] == [1]
    assert len(tables["session"]) == 1


def test_a_keyframe_is_marked_and_its_end_too(publish, busy, viewers):
    publisher = publish(busy)

    hello, *keyframe = viewers(publisher.endpoint).keyframe()

    assert hello.envelope.flags == 0
    assert all(message.envelope.flags & FLAG_KEYFRAME for message in keyframe)
    assert not any(message.envelope.flags & FLAG_KEYFRAME_END for message in keyframe[:-1])


def test_an_open_call_is_told_with_an_age_that_grows(publish, ledger, viewers):
    main = ledger.function("main")
    ledger.call(main)
    viewer = viewers(publish(ledger).endpoint)

    ages = [tables_of(viewer.snapshot())["open_call"][0]["age_ns"] for _ in range(3)]

    assert 0 < ages[0] < ages[1] < ages[2]


def test_after_the_keyframe_only_what_changed_is_sent(publish, busy, viewers):
    """B18."""
    viewer = viewers(publish(busy).endpoint)
    viewer.keyframe()
    viewer.snapshot()
    busy.call(busy.function("new"), 5000)
    busy.leave(5001)

    changed = {}
    while "stat" not in changed:
        messages = viewer.snapshot()
        changed = tables_of(messages)

    assert not messages[0].envelope.flags & FLAG_KEYFRAME
    assert [row["name"] for row in changed.get("function", ())] in ([], ["new"])
    assert [row["function"] for row in changed["stat"]] == [4]
    assert [row["callee"] for row in changed["edge"]] == [4]
    assert [row["function"] for row in changed["context"]] == [4]
    assert "thread" not in changed


def test_a_quiet_program_costs_its_viewer_two_tables(publish, busy, viewers):
    viewer = viewers(publish(busy).endpoint)
    viewer.keyframe()
    viewer.snapshot()

    assert set(tables_of(viewer.snapshot())) == {"open_call", "session"}


def test_two_viewers_get_the_same(publish, busy, viewers):
    publisher = publish(busy)
    first, second = (viewers(publisher.endpoint) for _ in range(2))
    begun = max(viewer.keyframe()[-1].envelope.sequence for viewer in (first, second))

    received = []
    for viewer in (first, second):
        messages = {}
        while begun + 3 not in messages:
            message = viewer.message()
            messages[message.envelope.sequence] = message
        received.append([messages[number] for number in range(begun + 1, begun + 4)])

    assert received[0] == received[1]


def test_a_second_viewer_makes_another_keyframe(publish, busy, viewers):
    publisher = publish(busy)
    first = viewers(publisher.endpoint)
    first.keyframe()

    second = viewers(publisher.endpoint)

    assert "function" in tables_of(second.keyframe())
    assert isinstance(first.keyframe()[0], Hello)


def test_many_viewers_at_once_share_few_keyframes(publish, busy, viewers):
    publisher = publish(busy, interval_s=0.3)
    joined = [viewers(publisher.endpoint) for _ in range(12)]

    for viewer in joined:
        viewer.keyframe()

    assert publisher.facts().walks <= 6


def test_messages_are_numbered_without_a_gap(publish, busy, viewers):
    publisher = publish(busy, first_sequence=1000)
    viewer = viewers(publisher.endpoint)
    numbers = [viewer.message().envelope.sequence for _ in range(12)]

    assert numbers == list(range(numbers[0], numbers[0] + 12))
    assert numbers[0] in (1000, 1001)  # the first hello, which may be too early for anybody


def test_without_a_viewer_nothing_is_walked(publish, busy):
    publisher = publish(busy, interval_s=0.001)
    until(lambda: publisher.facts().sequence == 1)
    publisher.set_enabled(True)
    publisher.show(busy, 1)
    until(lambda: publisher.shown() == 1)

    assert publisher.facts().walks == 0


def test_when_the_last_viewer_has_left_walking_ends(publish, busy, viewers):
    publisher = publish(busy)
    first, second = (viewers(publisher.endpoint) for _ in range(2))
    first.keyframe()
    second.keyframe()
    first.socket.close()
    second.snapshot()
    assert publisher.facts().viewers

    second.socket.close()

    until(lambda: not publisher.facts().viewers)
    walks = publisher.facts().walks
    publisher.set_enabled(True)
    publisher.show(busy, 1)
    until(lambda: publisher.shown() == 1)
    assert publisher.facts().walks <= walks + 1  # one may have been under way


def test_a_viewer_that_comes_back_gets_everything_again(publish, busy, viewers):
    publisher = publish(busy)
    viewer = viewers(publisher.endpoint)
    viewer.keyframe()
    viewer.socket.close()
    until(lambda: not publisher.facts().viewers)

    again = viewers(publisher.endpoint)

    assert len(tables_of(again.keyframe())["function"]) == 3


def test_a_viewer_is_known_of_when_it_has_come(publish, busy, viewers):
    publisher = publish(busy)
    assert not publisher.facts().viewers

    viewers(publisher.endpoint)

    until(lambda: publisher.facts().viewers)


def test_enabling_is_told_at_once(publish, busy, viewers):
    publisher = publish(busy, interval_s=600)
    viewer = viewers(publisher.endpoint)
    viewer.keyframe()
    for told in (True, False, True):
        publisher.set_enabled(told)

        assert tables_of(viewer.snapshot())["session"][0]["enabled"] == told


def test_another_ledger_begins_another_epoch_with_a_keyframe(publish, busy, ledgers, viewers):
    publisher = publish(busy)
    viewer = viewers(publisher.endpoint)
    viewer.keyframe()
    fresh = ledgers()
    fresh.call(fresh.function("fresh"), 10)
    fresh.leave(20)

    publisher.show(fresh, 1)
    messages = viewer.keyframe()

    while messages[-1].envelope.epoch == 0:
        messages = viewer.keyframe()
    assert publisher.shown() == 1
    assert {message.envelope.epoch for message in messages} == {1}
    assert [row["name"] for row in tables_of(messages)["function"]] == ["fresh"]


def test_many_ledgers_in_a_row_end_with_the_last(publish, busy, ledgers, viewers):
    publisher = publish(busy, interval_s=0.01)
    viewers(publisher.endpoint).keyframe()
    for epoch in range(1, 50):
        publisher.show(ledgers(), epoch)

    until(lambda: publisher.shown() == 49)


def test_the_last_words_are_a_snapshot_and_a_goodbye(publish, busy, viewers):
    publisher = publish(busy, interval_s=600)
    viewer = viewers(publisher.endpoint)
    viewer.keyframe()
    busy.leave(9000)

    assert publisher.stop(b"the program ended") == 0

    last, bye = viewer.until_bye()
    assert [row["function"] for row in tables_of([last])["stat"]] == [1]
    assert not tables_of([last])["open_call"]
    assert isinstance(bye, Bye)
    assert bye.reason == "the program ended"
    assert publisher.sequence.value == bye.envelope.sequence + 1


def test_a_pause_says_nothing_and_goes_on_counting(publish, busy, viewers):
    publisher = publish(busy, interval_s=600)
    viewer = viewers(publisher.endpoint)
    last = viewer.keyframe()[-1].envelope.sequence

    assert publisher.stop(None) == 0

    assert publisher.sequence.value == last + 1
    assert viewer.raw(0.2) is None


def test_a_stopped_viewer_delays_the_end_by_less_than_a_quarter_second(
    publish, ledger, libzmq_path
):
    most_s = 2.5 if "PIKOS_LEAF_VARIANT" in os.environ else 0.25  # a sanitizer is slow
    for number in range(3000):
        function = ledger.function(f"function_{number}" * 20)
        ledger.call(function, number)
        ledger.leave(number + 1)
    publisher = publish(ledger, interval_s=0.01)
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        stopped_viewer(publisher.endpoint, told)
    os.read(ready, 1)
    os.kill(child, signal.SIGSTOP)
    try:
        for epoch in range(1, 40):
            walks = publisher.facts().walks
            publisher.show(ledger, epoch)
            until(lambda walks=walks: publisher.facts().walks > walks)
        began = time.monotonic()
        assert publisher.stop(deadline_s=most_s) == 0
        took = time.monotonic() - began
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(told)

    assert took < most_s


def stopped_viewer(endpoint, told):
    """In a child: subscribe, tell, and wait to be stopped."""
    import zmq

    try:
        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            socket.setsockopt(zmq.SUBSCRIBE, b"")
            socket.connect(endpoint)
            socket.recv()
            os.write(told, b"x")
            threading.Event().wait()
    finally:
        os._exit(0)


def test_a_forked_child_forgets_and_the_parent_goes_on(publish, busy, viewers):
    publisher = publish(busy)
    viewer = viewers(publisher.endpoint)
    viewer.keyframe()
    child = os.fork()
    if child == 0:
        os._exit(0 if publisher.stop() == 0 else 1)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert viewer.snapshot()


def publishing_threads():
    """What the kernel says of each thread of ours, as text."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile
            if (task / "comm").read_text().strip() == "pikos":
                found.append((task / "status").read_text())
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_signals_go_to_the_program_and_not_to_the_thread(publish, busy):
    publisher = publish(busy)
    until(lambda: publisher.facts().sequence == 1)  # a new thread begins with all blocked
    (status,) = publishing_threads()

    blocked = int(status.split("SigBlk:")[1].split()[0], 16)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD, signal.SIGPROF):
        assert blocked >> (number - 1) & 1


@large
def test_a_hundred_thousand_functions_arrive_whole(publish, ledger, viewers):
    count = 100_000
    ledger.call_many(count)
    viewer = viewers(publish(ledger, interval_s=0.2).endpoint)

    messages = viewer.keyframe()

    numbers = [message.envelope.sequence for message in messages]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len({message.envelope.time_ns for message in messages}) == 1
    assert max(message.envelope.size for message in messages) < 3 << 20
    rows = collections.Counter()
    for message in messages[1:]:
        for block in message.blocks:
            rows[block.table.name] += block.row_count
    assert rows["function"] == rows["stat"] == rows["edge"] == count
    last = [message.blocks for message in messages[1:] if message.blocks[0].table.id == 1][-1]
    assert last[0].columns["name"][-1] == f"package.module.function_{count - 1}"


@large
def test_as_many_threads_as_there_may_be_arrive_with_long_names(publish, ledger, viewers):
    """C20: together they are more than a message may be."""
    name = "n" * 4096
    assert ledger.add_threads(4095, name) == 4096
    viewer = viewers(publish(ledger).endpoint, rcvhwm=0)

    _, *keyframe = viewer.keyframe()
    after = viewer.snapshot()

    threads = tables_of(keyframe)["thread"]
    assert [row["id"] for row in threads] == list(range(1, 4097))
    assert {row["name"] for row in threads[1:]} == {name}
    assert "thread" not in tables_of(after)


def test_a_name_that_no_message_could_hold_is_cut(publish, ledger, viewers):
    """C20: of a thread or a function, at a whole character."""
    name = "x" + 9_000_000 * "é"
    main = ledger.function(name)
    ledger.add_threads(1, name)
    ledger.call(main)
    viewer = viewers(publish(ledger).endpoint)

    _, *keyframe = viewer.keyframe()

    tables = tables_of(keyframe)
    assert [row["name"] for row in tables["function"]] == ["x" + 2047 * "é"]
    assert tables["thread"][1]["name"] == "x" + 2047 * "é"


def test_a_viewer_that_reads_slowly_gets_a_keyframe_whole(publish, ledger, viewers):
    ledger.call_many(50_000)
    publisher = publish(ledger, interval_s=0.2)
    viewer = viewers(publisher.endpoint, rcvhwm=1)
    until(lambda: publisher.facts().viewers)
    threading.Event().wait(0.1)  # longer than it takes to make the messages

    numbers = [message.envelope.sequence for message in viewer.keyframe()]

    assert len(numbers) > 4
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def lost(numbers):
    """How many messages are missing between the first and the last."""
    return numbers[-1] - numbers[0] - (len(numbers) - 1)


@large
def test_a_viewer_that_lost_messages_knows_and_subscribes_anew_for_the_whole(
    publish, ledger, viewers
):
    ledger.call_many(3_000)
    publisher = publish(ledger, interval_s=0.005)
    viewer = viewers(publisher.endpoint, rcvhwm=1)
    viewer.keyframe()
    for epoch in range(1, 30):
        walks = publisher.facts().walks
        publisher.show(ledger, epoch)
        other = viewers(publisher.endpoint)
        until(lambda walks=walks: publisher.facts().walks > walks + 1)
        other.socket.close()

    numbers = [viewer.message().envelope.sequence]
    while not lost(numbers) and len(numbers) < 2_000:  # what came before the loss comes first
        numbers.append(viewer.message().envelope.sequence)
    viewer.subscribe_anew()
    keyframe = viewer.keyframe()

    assert numbers == sorted(set(numbers))
    assert lost(numbers) > 0
    assert len(tables_of(keyframe)["function"]) == 3_000


@large
def test_the_goodbye_leaves_also_behind_much_else(publish, ledger, viewers):
    publisher = publish(ledger, interval_s=600)
    viewer = viewers(publisher.endpoint)
    viewer.keyframe()
    ledger.call_many(20_000)

    publisher.stop(b"the program ended")

    *last, bye = viewer.until_bye()
    assert len(tables_of(last)["stat"]) == 20_000
    assert isinstance(bye, Bye)


def test_the_middle_of_a_deep_stack_is_added_up_by_context(publish, ledger, viewers):
    function = ledger.function("recurse")
    for at in range(10_000):
        ledger.call(function, at)
    tables = tables_of(viewers(publish(ledger).endpoint).keyframe())

    calls = tables["open_call"]
    single = [row["depth"] for row in calls if row["calls"] == 1]
    assert set(single) >= {*range(128), *range(10_000 - 128, 10_000)}
    assert sum(row["calls"] for row in calls) == 10_000
    assert sum(row["own_ns"] for row in calls) == calls[0]["age_ns"]
    assert [row["cumulative_ns"] for row in calls[1:]] == [0] * (len(calls) - 1)
    assert tables["thread"][0]["depth"] == 10_000


def snapshots_of(messages):
    """The rows messages of each snapshot; what one look sent shares its time."""
    by_time = collections.defaultdict(list)
    for message in messages:
        if isinstance(message, Rows):
            by_time[message.envelope.time_ns].append(message)
    return list(by_time.values())


def fold(snapshot, stats, edges):
    """Bring calls per function, and per caller and callee, up to a snapshot."""
    tables = tables_of(snapshot)
    stats.update({row["function"]: row["callcount"] for row in tables.get("stat", ())})
    edges.update(
        {(row["caller"], row["callee"]): row["callcount"] for row in tables.get("edge", ())}
    )


def calls_from_callers(edges):
    """Calls per function, added up over its callers."""
    called = collections.Counter()
    for (_, callee), calls in edges.items():
        called[callee] += calls
    return called


def test_every_snapshot_agrees_with_itself_while_a_thread_calls(publish, ledgers, viewers):
    def attempt():
        ledger = ledgers()
        for number in range(20):
            ledger.function(f"function_{number}")
        ledger.limit_tree(2000)
        publisher = publish(ledger, interval_s=0.03)
        with ledger.written():
            viewer = viewers(publisher.endpoint)
            until(lambda: publisher.facts().walks > 25 and ledger.merged() > 2000)
        publisher.stop()
        return ledger, viewer.until_bye(LOST_AFTER_S)

    ledger, messages = recorded_whole(attempt)
    stats, edges = {}, {}
    for snapshot in snapshots_of(messages):
        fold(snapshot, stats, edges)
        assert calls_from_callers(edges) == stats
    assert sum(stats.values()) == ledger.calls() > 0


def with_open(tables, names, rows, edge_of):
    """Self and cumulative time by function, or by caller and callee, open calls included."""
    times = {tuple(r[n] for n in names): [r["inline_ns"], r["cumulative_ns"]] for r in rows}
    total = "cumulative_ns" if len(names) == 1 else "edge_cumulative_ns"
    for call in tables["open_call"]:
        key = (call["function"],) if len(names) == 1 else edge_of[call["context"]]
        sums = times.setdefault(key, [0, 0])
        sums[0] += call["own_ns"]
        sums[1] += call[total]
    return times


def check_growth(before, now):
    """No time has become less, and self time is a part of cumulative time."""
    for key, (own, total) in now.items():
        own_before, total_before = before.get(key, (0, 0))
        assert own >= own_before, key
        assert total >= total_before, key
        assert own <= total, key
    assert set(before) <= set(now)


@pytest.mark.parametrize(
    ("limit", "interval_s", "walks", "merged"),
    [(20_000, 0.001, 60, 0), (2000, 0.02, 10, 3000)],  # while there is a look, nothing is merged
    ids=["unmerged", "merged"],
)
def test_open_calls_and_counters_never_decrease_and_add_up(
    publish, ledgers, viewers, limit, interval_s, walks, merged
):
    """V2: neither a return, a switch of greenlets nor a merge in the middle of a look shows."""

    def attempt():
        ledger = ledgers()
        for number in range(5000):
            ledger.function(f"function_{number}")
        ledger.limit_tree(limit)
        publisher = publish(ledger, interval_s=interval_s, clock=EXTERNAL)
        viewer = viewers(publisher.endpoint, rcvhwm=0)
        with ledger.written(slowly=True):
            until(lambda: publisher.facts().walks > walks and ledger.merged() >= merged)
        publisher.stop()
        return ledger, viewer.until_bye(LOST_AFTER_S)

    ledger, messages = recorded_whole(attempt)
    state = collections.defaultdict(dict)
    functions, edges = {}, {}
    suspended = 0
    for snapshot in snapshots_of(messages):
        tables = tables_of(snapshot)
        suspended += sum(call["stack"] for call in tables["open_call"])
        for name, keys in (
            ("stat", ["function"]),
            ("edge", ["caller", "callee"]),
            ("context", ["id"]),
        ):
            if name == "context" and snapshot[0].envelope.flags & FLAG_KEYFRAME:
                state[name].clear()
            state[name].update(by(tables.get(name, ()), *keys))
        edge_of = {key[0]: (r["caller"], r["function"]) for key, r in state["context"].items()}
        was_functions, was_edges = functions, edges
        functions = with_open(tables, ["function"], state["stat"].values(), edge_of)
        edges = with_open(tables, ["caller", "callee"], state["edge"].values(), edge_of)
        check_growth(was_functions, functions)
        check_growth(was_edges, edges)
    assert suspended > 0
    assert sum(own for own, _ in functions.values()) == ledger.busy()
    assert sum(own for own, _ in edges.values()) == ledger.busy()


def test_a_suspended_call_stays_open_when_the_running_stack_becomes_empty(publish, ledger, viewers):
    """V2."""
    waiting, running = ledger.function("waiting"), ledger.function("running")
    ledger.call(waiting, 1000)
    ledger.switch(1, 2000)
    ledger.call(running, 3000)
    viewer = viewers(publish(ledger, interval_s=0.01).endpoint)
    both = tables_of(viewer.keyframe())["open_call"]
    ledger.leave(4000)

    alone = tables_of(viewer.snapshot())["open_call"]
    while len(alone) == 2:  # the look was before the return
        alone = tables_of(viewer.snapshot())["open_call"]

    assert {row["function"] for row in both} == {waiting, running}
    assert [(row["function"], row["calls"], row["own_ns"]) for row in alone] == [(waiting, 1, 1000)]


def test_a_switch_of_greenlets_in_the_middle_of_a_look_hides_no_open_call(
    publish, ledgers, viewers
):
    """V2."""

    def attempt():
        ledger = ledgers()
        called = [ledger.function(f"function_{number}") for number in range(3)]
        publisher = publish(ledger, interval_s=0.001, clock=EXTERNAL)
        viewer = viewers(publisher.endpoint, rcvhwm=0)
        with ledger.switched():
            until(lambda: publisher.facts().walks > 300)
        publisher.stop()
        return called, viewer.until_bye(LOST_AFTER_S)

    called, messages = recorded_whole(attempt)
    seen = set()
    for message in messages:
        tables = tables_of([message])
        calls = [row["function"] for row in tables.get("open_call", ())]
        assert len(calls) == len(set(calls))
        assert seen <= set(calls) or "open_call" not in tables
        seen.update(calls)
    assert seen == set(called)


def test_a_look_in_the_middle_of_a_return_is_put_off(publish, ledger, viewers):
    """The system may put a thread aside there: the call is counted, and its frame not left."""
    main, work = ledger.function("main"), ledger.function("work")
    ledger.call(main, 1000)
    ledger.call(work, 2000)
    ledger.leave_partly(5000)
    publisher = publish(ledger)
    viewer = viewers(publisher.endpoint)
    until(lambda: publisher.facts().send_failures > 0)

    ledger.leave_rest()

    tables = tables_of(viewer.keyframe())
    assert [(row["function"], row["inline_ns"]) for row in tables["stat"]] == [(work, 3000)]
    assert [row["function"] for row in tables["open_call"]] == [main]
    (call,) = tables["open_call"]
    assert call["own_ns"] == call["age_ns"] - 3000


def can_fail(leaf):
    leaf.driver_fail_allocation(1000)
    can = leaf.driver_failure_pending()
    leaf.driver_fail_allocation(-1)
    return can


def test_no_failed_allocation_loses_what_was_counted(publish, busy, viewers, leaf):
    if not can_fail(leaf):
        pytest.skip("allocations cannot fail in this build")
    counted = ("function", "stat", "edge", "context", "thread")
    expected, failing, pending = None, 0, False
    while not pending:
        publisher = publish(busy, interval_s=0.005)
        until(lambda publisher=publisher: publisher.facts().sequence == 1)
        leaf.driver_fail_allocation(failing)

        tables = tables_of(viewers(publisher.endpoint).keyframe())

        pending = leaf.driver_failure_pending()
        leaf.driver_fail_allocation(-1)
        expected = expected or tables_of(viewers(publisher.endpoint).keyframe())
        assert {name: tables[name] for name in counted} == {
            name: expected[name] for name in counted
        }
        assert (publisher.facts().send_failures == 0) == pending
        publisher.stop(None)
        failing += 1
    assert failing > 10


def test_starting_survives_each_failed_allocation(publish, busy, leaf):
    if not can_fail(leaf):
        pytest.skip("allocations cannot fail in this build")
    for failing in range(2):
        leaf.driver_fail_allocation(failing)
        with pytest.raises(OSError, match="memory"):
            publish(busy)
        leaf.driver_fail_allocation(-1)

    assert publish(busy).facts().walks == 0


def test_a_patient_one_is_bound_as_soon_as_that_is_possible(publish, busy, viewers, tmp_path):
    """C14."""
    directory = tmp_path / "d"
    publisher = publish(busy, f"ipc://{directory}/s", patient=True)
    until(lambda: "No such file" in (publisher.obstacle() or ""))
    publisher.set_enabled(True)

    directory.mkdir()
    until(lambda: publisher.obstacle() is None)

    hello, *keyframe = viewers(publisher.endpoint).keyframe()
    assert hello.envelope.stream == STREAM
    assert keyframe


def test_a_patient_one_that_was_never_bound_ends_at_once(publish, busy, tmp_path):
    """C14: it says nothing, for nobody can hear it."""
    publisher = publish(busy, f"ipc://{tmp_path}/none/s", patient=True)
    until(lambda: "No such file" in (publisher.obstacle() or ""))
    assert publisher.stop(deadline_s=DEADLINE_S) == 0
    assert publisher.sequence.value == 0


def test_the_longest_deadline_is_clamped(publish, busy, leaf):
    """C15: it waits for the last words."""
    publisher = publish(busy)
    handle, publisher.handle = publisher.handle, None
    assert leaf.pk_publisher_stop(handle, b"done", 2**63 - 1, publisher.sequence) == 0


def test_facts_begin_at_zero(publish, busy):
    facts = publish(busy).facts()

    assert isinstance(facts, Facts)
    assert (facts.viewers, facts.walks, facts.walk_ns) == (False, 0, 0)
