"""What a page is answered: who is there, the words for one session, and the panel it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pikos.live.functions import label
from pikos.live.lens import look
from pikos.live.line_costs import busiest_line, has_lines
from pikos.live.stacks import thread_name
from pikos.live.summary import tell
from pikos.live.text import safe
from pikos.live.web.panels import PANEL_OF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.live.scene import Scene
    from pikos.live.web.choice import Choice
    from pikos.live.web.hub import Hub, Tab
    from pikos.model import Snapshot

NAME_MAX = 40
"""Columns that the name of a tab takes at most."""

CHOSEN_MAX = 1000
"""Columns that the name of the chosen function takes at most."""

THREADS_MAX = 1000
"""Threads that a page can choose from."""


def answer(hub: Hub, choice: Choice) -> dict[str, Any]:
    """Answer a page.

    Parameters
    ----------
    hub
        What is heard.
    choice
        What the page's user has chosen.

    Returns
    -------
    dict
        What JSON can hold: all text in it is printable, and a stranger's; ids are strings, as
        JavaScript has no exact number for all of them.

    """
    tab, scene = hub.scene(choice.tab)
    notice = "" if hub.listening else "nothing is listened to any more: start pikos web again"
    if choice.at:
        kept = hub.kept(choice.at)
        if kept is None:
            notice = "the moment that was paused at is forgotten"
        else:
            scene = replace(kept, now=scene.now)
    since = _since(hub, choice, scene)
    if choice.since and since is None:
        notice = "counted from the beginning: what was counted from is of another session"
    scene = replace(scene, since=since)
    if choice.panel == "source" or choice.view.panel == "source":
        scene = replace(scene, source=hub.source_of(choice.view.file))
    seen = look(scene, choice.view)
    told = tell(scene, seen, choice.view)
    return {
        "tabs": [_tab(each) for each in hub.tabs()],
        "tab": tab,
        "of_records": scene.snapshot.of_recorder,
        "of_lines": has_lines(scene.snapshot),
        "recorded": any(records.rows for records in scene.snapshot.records.values()),
        "busiest": _busiest(scene.snapshot, choice),
        "missing": "" if scene.snapshot.stream else _missing(tab, scene),
        "replayed": scene.replayed_s is not None,
        "told": told._asdict(),
        "threads": _threads(scene.snapshot),
        "chosen": _chosen(scene.snapshot, choice.view.function),
        "notice": notice,
        "panel": PANEL_OF[choice.panel](hub, seen, choice),
    }


def _since(hub: Hub, choice: Choice, scene: Scene) -> Snapshot | None:
    """Find the moment to count from, unless counting has begun anew since."""
    kept = hub.kept(choice.since) if choice.since else None
    if kept is None:
        return None
    then, now = kept.snapshot, scene.snapshot
    return then if (then.stream, then.epoch) == (now.stream, now.epoch) else None


def _tab(tab: Tab) -> Mapping[str, Any]:
    snapshot = tab.snapshot
    if not snapshot.stream:
        return {"id": tab.id, "name": safe(tab.target, NAME_MAX), "state": "waiting"}
    argv = snapshot.facts.get("argv") or ["?"]
    program = str(argv[0])
    if not program.startswith("-c "):
        program = program.replace("\\", "/").rpartition("/")[2]
    name = f"{snapshot.facts.get('pid', '')} {program}"
    if tab.id == "all":
        name = "all together"
    state = "ended" if snapshot.ended is not None else "live"
    if state == "live" and snapshot.stale(tab.now):
        state = "stale"
    return {"id": tab.id, "name": safe(name.strip(), NAME_MAX), "state": state}


def _busiest(snapshot: Snapshot, choice: Choice) -> str:
    """Tell which line a page turns to first, as ``LINE FILE``, where it has not chosen another."""
    if not snapshot.of_recorder or choice.view.file or choice.panel in {"series", "records"}:
        return ""
    line = busiest_line([snapshot])
    return "" if line is None else f"{line.number} {line.file}"


def _missing(tab: str, scene: Scene) -> str:
    """Say why there is nothing to see yet."""
    if not tab:
        return "No program is being profiled now."
    return f"Nothing was heard of {safe(scene.target, NAME_MAX)} yet."


def _chosen(snapshot: Snapshot, number: int) -> Mapping[str, str] | None:
    """Tell of the chosen function its name in full, and where its source is."""
    function = snapshot.functions.get(number)
    if not number:
        return None
    return {
        "name": safe(label(function, number), CHOSEN_MAX),
        "source": f"{function.line} {function.file}" if function and function.line else "",
    }


def _threads(snapshot: Snapshot) -> list[Mapping[str, str]]:
    first = sorted(snapshot.threads.items())[:THREADS_MAX]
    return [
        {"id": str(number), "name": safe(thread_name(thread, number), NAME_MAX)}
        for number, thread in first
    ]
