"""Listens to any number of sources on a thread of its own, for pages to look at."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pikos.errors import AddressError
from pikos.live.client import Subscription
from pikos.live.functions import Baseline
from pikos.live.scene import Scene
from pikos.live.sessions import list_sessions
from pikos.live.source_text import NO_SOURCE, SourceText, read_source
from pikos.live.web.feed import Feed
from pikos.model import Snapshot
from pikos.model.merge import Merge

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import Self

    from pikos.live.keys import ViewerKeys
    from pikos.live.source import Source

ALL = "all"
"""The tab of all profiles together."""

FEEDS_MAX = 64
"""Sources that are listened to; past them one that has ended gives way to a new one."""

KEPT_MAX = 32
"""Moments that are kept for pages; past them the oldest is forgotten."""

LOOK_S = 1.0
"""Seconds between two looks at which sessions are live, and at a source file."""

_BATCH_S = 0.05
_NAP_S = 0.02


class Tab(NamedTuple):
    """One session, or all profiles together, as a page may choose it."""

    id: str
    """What a page calls it."""
    snapshot: Snapshot
    """Its state; empty where nothing was heard yet; of all together, the state of the profile that
    was heard last: merging them is for those who look at them."""
    target: str
    """What is listened to, as the user called it."""
    now: float
    """The time at its source, in seconds."""


class Hub:
    """What pages look at: sessions, and moments of them that were kept.

    A context manager: it listens from its beginning to its end.  The thread that listens closes the
    sources then: nobody else may touch their sockets, even if Ctrl-C ends the wait for it.

    Parameters
    ----------
    roots
        Directories below which source files may be shown.
    discover
        Whether to listen to every session of this user, as they come.
    keys
        CURVE keys for those, or None.

    Threads: any
    """

    def __init__(
        self,
        *,
        roots: Sequence[str | os.PathLike[str]] = (".",),
        discover: bool = False,
        keys: ViewerKeys | None = None,
    ) -> None:
        self._roots = roots
        self._discover = discover
        self._keys = keys
        self._feeds: list[Feed] = []
        self._merge = Merge()
        self._merged_baseline = Baseline()
        self._kept: OrderedDict[int, Scene] = OrderedDict()
        self._kept_last = 0
        self._source = NO_SOURCE
        self._source_read_at = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pikos-hub", daemon=True)

    @property
    def listening(self) -> bool:
        """Whether what is published is still taken in."""
        return self._thread.is_alive()

    def add(self, source: Source, target: str) -> None:
        """Listen to one more source, which is closed with the hub.

        Parameters
        ----------
        source
            Messages of one or more sessions.
        target
            What the user calls it.

        """
        with self._lock:
            self._feeds.append(Feed(source, target))

    def tabs(self) -> list[Tab]:
        """List what can be looked at.

        Returns
        -------
        list of Tab
            A tab for each session, and one for all profiles if there are several.

        """
        with self._lock:
            return self._tabs()

    def scene(self, tab: str) -> tuple[str, Scene]:
        """Set the scene.

        Parameters
        ----------
        tab
            Id of a tab; where there is none of that id, the first one is taken.

        Returns
        -------
        tuple
            Id of the tab, and what there is to see there now.

        """
        with self._lock:
            if tab == ALL:
                profiles = self._profiles()
                if len(profiles) > 1:
                    return ALL, self._merged(profiles)
            feed, stream = self._find(tab)
            if feed is None:
                return "", Scene(Snapshot(), target="this user's sessions")
            return feed.tab_id(stream), feed.scene(stream)

    def keep(self, tab: str) -> int:
        """Keep the present moment of a tab.

        Parameters
        ----------
        tab
            Id of the tab.

        Returns
        -------
        int
            Number of the moment.

        """
        _, scene = self.scene(tab)
        with self._lock:
            self._kept_last += 1
            self._kept[self._kept_last] = scene
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
            return self._kept_last

    def kept(self, number: int) -> Scene | None:
        """Look at a moment that was kept.

        Parameters
        ----------
        number
            Its number.

        Returns
        -------
        Scene or None
            The moment; None if it was forgotten, or never was.

        """
        with self._lock:
            return self._kept.get(number)

    def seek(self, tab: str, by_s: float) -> bool:
        """Go back or ahead in a recording.

        Parameters
        ----------
        tab
            Id of one of its tabs.
        by_s
            Seconds of the recording; below 0 to go back.

        Returns
        -------
        bool
            Whether it is a recording.

        """
        with self._lock:
            feed, _ = self._find(tab)
            return feed is not None and feed.seek(by_s)

    def source_of(self, file: str) -> SourceText:
        """Read a source file, if it is below one of the roots.

        Parameters
        ----------
        file
            Its path, as a publisher tells it.

        Returns
        -------
        SourceText
            Its lines, or why there are none.

        """
        now = time.monotonic()
        with self._lock:
            if self._source.file != file or now - self._source_read_at > LOOK_S:
                self._source, self._source_read_at = read_source(file, self._roots), now
            return self._source

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        looked_at = -LOOK_S
        while not self._stop.is_set():
            if self._discover and time.monotonic() - looked_at >= LOOK_S:
                looked_at = time.monotonic()
                self._look_for_sessions()
            heard = False
            for feed in tuple(self._feeds):
                with self._lock:
                    heard |= feed.hear(_BATCH_S)
                time.sleep(0)  # whoever waits for the lock comes first
            if not heard:
                self._stop.wait(_NAP_S)
        for feed in self._feeds:
            feed.close()

    def _look_for_sessions(self) -> None:
        known = {feed.target for feed in self._feeds}
        for session in list_sessions():
            if session.address in known:
                continue
            if len(self._feeds) >= FEEDS_MAX:
                over = next((feed for feed in self._feeds if feed.over), None)
                if over is None:
                    return
                with self._lock:
                    self._feeds.remove(over)
                over.close()
            with contextlib.suppress(AddressError):  # who wrote it there is not listened to
                self.add(Subscription([session.address], keys=self._keys), session.address)

    def _profiles(self) -> list[tuple[Feed, bytes]]:
        return [
            (feed, stream)
            for feed in self._feeds
            for stream in feed.streams
            if feed.publishes_profile(stream)
        ]

    def _tabs(self) -> list[Tab]:
        tabs = [
            Tab(feed.tab_id(stream), feed.snapshot(stream), feed.target, feed.now())
            for feed in self._feeds
            for stream in feed.streams or (b"",)
        ]
        profiles = [tab for tab in tabs if tab.snapshot.stream and not tab.snapshot.of_recorder]
        if len(profiles) > 1:
            newest = max(
                profiles, key=lambda tab: (tab.snapshot.ended is None, tab.snapshot.heard_at)
            )
            tabs.append(newest._replace(id=ALL, target="all profiles"))
        return tabs

    def _find(self, tab: str) -> tuple[Feed | None, bytes]:
        found: tuple[Feed | None, bytes] = (None, b"")
        for feed in self._feeds:
            for stream in feed.streams or (b"",):
                if feed.tab_id(stream) == tab:
                    return feed, stream
                if found[0] is None:
                    found = feed, stream
        return found

    def _merged(self, profiles: Sequence[tuple[Feed, bytes]]) -> Scene:
        scenes = [feed.scene(stream) for feed, stream in profiles]
        snapshot = self._merge.of([scene.snapshot for scene in scenes])
        now = max(feed.now() for feed, _ in profiles)
        return replace(
            scenes[0],
            snapshot=snapshot,
            baseline=self._merged_baseline.note(snapshot),
            now=now,
            target="all profiles",
            memory=(),
            refused=sum(feed.refused for feed in {id(feed): feed for feed, _ in profiles}.values()),
            disconnects=0,
            replayed_s=None,
        )
