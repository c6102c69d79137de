"""The lines that are always in sight: who, how fresh, how much, what was lost, at what cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pikos.live import records
from pikos.live.chart import sparkline
from pikos.live.history import memory_of
from pikos.live.scene import Line, Span
from pikos.live.stacks import thread_name
from pikos.live.text import clock, count, counted, cut, duration, ending, left, safe, size, width_of

if TYPE_CHECKING:
    from pikos.live.scene import Scene, Style
    from pikos.live.state import ViewState
    from pikos.model import Snapshot

COURSE_MAX = 30
"""Columns that the course of the memory takes at most."""


class Told(NamedTuple):
    """What there is to say of a session, whichever way it is shown: printable text."""

    who: str
    """The process and its command."""
    status: str
    """Whether it is live, and how old the data are."""
    style: Style
    """How the status is shown."""
    where: str
    """Host, interpreter, clock, interval."""
    sizes: str
    """How much was counted."""
    losses: str
    """What was lost."""
    lossy: bool
    """Whether anything was."""
    memory: str
    """The publisher's own cost, and the memory of the process."""


def tell(scene: Scene, seen: Scene, state: ViewState) -> Told:
    """Find the words for a session.

    Parameters
    ----------
    scene
        What there is to see.
    seen
        What of it the user looks at.
    state
        What the user has chosen.

    Returns
    -------
    Told
        The words.

    """
    status, style = _status(scene, state)
    return Told(
        who=_who(scene),
        status=status,
        style=style,
        where=safe(_where(scene)),
        sizes=safe(_sizes(seen, state)),
        losses=safe(_losses(scene)),
        lossy=_lossy(scene),
        memory=safe(" · ".join([*_cost(scene), *_sizes_of_memory(scene)]) or "memory not known"),
    )


def summary(scene: Scene, seen: Scene, state: ViewState, width: int) -> list[Line]:
    """Sum up a session.

    Parameters
    ----------
    scene
        What there is to see.
    seen
        What of it the user looks at.
    state
        What the user has chosen.
    width
        Columns of the screen.

    Returns
    -------
    list of Line
        The same number of lines whatever happens.

    """
    told = tell(scene, seen, state)
    room = max(0, width - width_of(told.status) - 2)
    return [
        Line(cut(f"{left(told.who, room)}  {told.status}", width), told.style),
        Line(cut(told.where, width), "dim"),
        Line(cut(told.sizes, width)),
        Line(cut(told.losses, width), "warning" if told.lossy else "plain"),
        _memory(scene, told, width),
    ]


def _who(scene: Scene) -> str:
    facts = scene.snapshot.facts
    if not scene.snapshot.stream:
        return safe(f"pikos: {scene.target}")
    program = safe(" ".join(facts.get("argv") or ["?"]), 1000)
    return f"pikos: process {facts['pid']}: {program}" if "pid" in facts else f"pikos: {program}"


def _status(scene: Scene, state: ViewState) -> tuple[str, Style]:
    snapshot = scene.snapshot
    if not snapshot.stream:
        return "waiting for it", "warning"
    if snapshot.ended is not None and not state.paused:
        end = f"ended: {safe(ending(snapshot.ended), 40)}"
        return end if scene.length_s is None else f"{end}, {_position(scene)}", "bold"
    age = f"{snapshot.age_s(scene.now):.1f} s old"
    if scene.replayed_s is not None:
        age = _position(scene)
    for unusual, what in (
        (state.paused, "paused"),
        (scene.unanswered, "no answer, read from its ledger"),
        (snapshot.stale(scene.now), "stale"),
        (snapshot.session is not None and not snapshot.session.enabled, "profiler off"),
        (not snapshot.complete, "not whole yet"),
    ):
        if unusual:
            return f"{what}, {age}", "warning"
    if scene.replayed_s is not None:
        return f"replayed, {age}", "good"
    return f"live, {age}", "good"


def _position(scene: Scene) -> str:
    """Write how far a recording is told, and how long it is."""
    at = clock(scene.replayed_s or 0.0)
    return at if scene.length_s is None else f"{at} of {clock(scene.length_s)}"


def _where(scene: Scene) -> str:
    snapshot, facts = scene.snapshot, scene.snapshot.facts
    told = [  # what is last may be cut off
        f"for {clock(snapshot.time_ns / 1e9)}" if snapshot.stream else "",
        f"Python {facts['python']}" if "python" in facts else "",
        str(facts.get("host", "")),
        f"every {duration(snapshot.interval_s * 1e9)}" if facts else "",
        f"clock {facts['clock']}" if "clock" in facts else "",
        str(facts.get("mechanism", "")),
    ]
    return " · ".join(filter(None, told))


def _sizes(scene: Scene, state: ViewState) -> str:
    snapshot, session = scene.snapshot, scene.snapshot.session
    if snapshot.of_recorder:
        return records.sizes(scene)
    rate = scene.functions.call_rate()
    only = []
    if scene.since is not None:
        since_s = (snapshot.time_ns - scene.since.time_ns) / 1e9
        only.append(f"counted since {clock(since_s)} ago")
    if state.thread in snapshot.threads:
        only.append(f"of {thread_name(snapshot.threads[state.thread], state.thread)} alone")
    alive = sum(1 for thread in snapshot.threads.values() if thread.alive)
    return " · ".join(
        [
            *only,
            counted(scene.functions.calls(), "call") + (f", {count(rate)}/s" if rate >= 0 else ""),
            counted(alive, "thread"),
            counted(len(snapshot.functions), "function"),
            counted(session.contexts if session else len(snapshot.contexts), "context"),
            counted(session.edges if session else len(snapshot.edges), "edge"),
        ]
    )


def _losses(scene: Scene) -> str:
    snapshot, session = scene.snapshot, scene.snapshot.session
    told = [f"{count(snapshot.dropped)} of {count(_sent(snapshot))} messages dropped"]
    if snapshot.of_recorder:
        told += records.losses(scene)
    if session is not None:
        told.append(f"{counted(session.lost_calls, 'call')} lost")
        told.append(f"{count(session.folded_calls)} folded")
        if session.merged_contexts:
            told.append(f"{counted(session.merged_contexts, 'context')} merged")
        if session.children:
            told.append(
                f"{counted(session.children, 'child process', 'child processes')} not profiled"
            )
        if session.events_taken:
            told.append("events taken away: not everything is counted")
    if scene.disconnects:
        told.append(counted(scene.disconnects, "disconnect"))
    if snapshot.refused_rows:
        told.append(f"no room for {counted(snapshot.refused_rows, 'row')}")
    if scene.refused:
        told.append(f"{counted(scene.refused, 'message')} refused: {safe(scene.refusal, 60)}")
    return " · ".join(told)


def _sent(snapshot: Snapshot) -> int:
    return snapshot.messages + snapshot.dropped


def _lossy(scene: Scene) -> bool:
    session = scene.snapshot.session
    lost = sum(each.dropped for each in scene.snapshot.records.values())
    lost += scene.snapshot.dropped + scene.snapshot.refused_rows + scene.refused + scene.disconnects
    return bool(lost or (session is not None and (session.lost_calls or session.events_taken)))


def _memory(scene: Scene, told: Told, width: int) -> Line:
    """Draw the course of the memory behind its words."""
    text = cut(told.memory, width)
    course = [reading.rss_bytes for reading in scene.memory]
    line = sparkline(course, min(COURSE_MAX, width - width_of(text) - 1))
    if not line:
        return Line(text)
    return Line(
        f"{text} {line}", spans=(Span(len(text) + 1, len(text) + 1 + len(line), "graph", "m"),)
    )


def _sizes_of_memory(scene: Scene) -> list[str]:
    now = memory_of(scene.snapshot)
    if now is None:
        return []
    before = None if scene.since is None else memory_of(scene.since)
    told = []
    for name, size_bytes, before_bytes in (
        ("RSS", now.rss_bytes, before and before.rss_bytes),
        ("VMS", now.vms_bytes, before and before.vms_bytes),
    ):
        told.append(f"{name} {size(size_bytes)}")
        if before_bytes is not None:
            grown = size_bytes - before_bytes
            told[-1] += f" ({'+' if grown >= 0 else ''}{size(grown)})"
    return told


def _cost(scene: Scene) -> list[str]:
    session = scene.snapshot.session
    if session is None:
        return []
    before = scene.baseline.session if scene.baseline is not None else None
    share = ""
    if before is not None and before.publisher_ns and scene.baseline is not None:
        elapsed_ns = scene.snapshot.time_ns - scene.baseline.time_ns
        if elapsed_ns > 0:
            spent_ns = session.publisher_ns - before.publisher_ns
            share = f", {100 * spent_ns / elapsed_ns:.2f} %"
    costs = (
        ("own cost", session.publisher_ns, share),
        ("last look", session.walk_ns, ""),
    )
    # 0 is what is not known: of the first look, which tells nothing of itself, or of a file
    return [f"{name} {duration(ns)}{more}" for name, ns, more in costs if ns]
