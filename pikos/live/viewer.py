"""What a user does with a viewer between two pictures: keys and clicks in, pictures out."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pikos.errors import PikosError
from pikos.live.first_panel import opened
from pikos.live.history import History
from pikos.live.scene import Picture, Size
from pikos.live.sessions import list_sessions
from pikos.live.source_text import NO_SOURCE, SourceText, read_source
from pikos.live.view import draw, press

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pikos.live.scene import Scene
    from pikos.live.sessions import Session
    from pikos.live.state import ViewState
    from pikos.live.watch import Watch
    from pikos.model import Snapshot

LOOK_S = 1.0
"""Seconds between two looks at which sessions are live."""


class Viewer:
    """A session before a user's eye.

    Parameters
    ----------
    watch
        The session.
    state
        What the user has chosen to begin with.
    turn_to
        Opens the address of another session, or ``all`` of them; None where there is no other.
    save
        Writes a snapshot to a new file, and tells which.
    roots
        Directories below which source files may be shown.
    output
        Reads the newest lines that the program wrote; None where they are not kept.
    gone
        Tells whether the program has gone, where that can be known without its goodbye.

    Threads: one at a time
    """

    def __init__(
        self,
        watch: Watch,
        state: ViewState,
        *,
        turn_to: Callable[[str], Watch] | None = None,
        save: Callable[[Snapshot], str] | None = None,
        roots: Sequence[str] = (".",),
        output: Callable[[], tuple[str, ...]] | None = None,
        gone: Callable[[], bool] = bool,
    ) -> None:
        self.state = state
        """What the user has chosen."""
        self.leaving = False
        """Whether the user wants to leave."""
        self.gone = gone
        """Tells whether the program has gone without a goodbye."""
        self._watch = watch
        self._turn_to = turn_to
        self._save = save
        self._roots = roots
        self._output = output
        self._history = History()
        self._scene = watch.scene()
        self._picture = Picture([])
        self._source = NO_SOURCE
        self._sessions: tuple[Session, ...] = ()
        self._looked_at = 0.0

    @property
    def watch(self) -> Watch:
        """The session that is watched now."""
        return self._watch

    @property
    def over(self) -> bool:
        """Whether there is nothing more to see, or the user wants to leave.

        A recording stays before the eye at its end: the user may go back in it.
        """
        if self.leaving or self.gone():
            return True
        return self._watch.live and self._watch.over and self.state.panel != "processes"

    def scene(self) -> Scene:
        """Set the scene: what is to be seen now, or since the user paused the picture.

        Returns
        -------
        Scene
            With everything that the user's choice needs.

        """
        scene = self._watch.scene()
        memory = self._history.note(scene.snapshot)
        if self.state.paused:
            scene = replace(self._scene, now=scene.now)
        else:
            scene = replace(scene, memory=memory, since=self._since(scene))
        self._scene = replace(
            scene,
            source=self._source_of(opened(scene.snapshot, self.state).file),
            sessions=self._live_sessions(),
            unix_now=time.time(),
            output=self._output() if self._output and self.state.panel == "output" else None,
            notice=self._scene.notice,
        )
        return self._scene

    def _since(self, scene: Scene) -> Snapshot | None:
        """Tell what the user counts from, unless counting has begun anew since."""
        now, since = scene.snapshot, self._scene.since
        if since is None or (since.stream, since.epoch) != (now.stream, now.epoch):
            return None
        return since

    def picture(self, size: Size) -> Picture:
        """Draw.

        Parameters
        ----------
        size
            Size of the screen.

        Returns
        -------
        Picture
            What is to be seen now.

        """
        self._picture = draw(self.scene(), self.state, size)
        return self._picture

    def press(self, key: str) -> None:
        """Do what a key means where the user is.

        Parameters
        ----------
        key
            As ``press`` of the view takes it, or as the last picture's lines have it.

        """
        self._scene = replace(self._scene, notice="")
        shown = opened(self._scene.snapshot, self.state)
        state = press(shown, self._picture.keys.get(key, key))
        self.state = replace(state, request="")
        if state.request:
            self._do(*state.request.partition(" "))

    def click(self, line: int, column: int) -> None:
        """Do what a click means.

        Parameters
        ----------
        line, column
            Where it was in the last picture.

        """
        key = self._picture.click(line, column)
        if key and not self.state.typing:
            self.press(key)

    def _do(self, request: str, _: str, rest: str) -> None:
        if request == "leave":
            self.leaving = True
        elif request == "count":
            since = self._scene.snapshot if rest == "from now" else None
            self._scene = replace(self._scene, since=since)
        elif request == "save" and self._save is not None:
            try:
                self.tell(f"written: {self._save(self._scene.snapshot)}")
            except OSError as error:
                self.tell(f"not written: {error}")
        elif request == "seek":
            self._seek(float(rest))
        elif request == "watch" and self._turn_to is None:
            self.tell("this one is recorded, or replayed; watch another with another pikos top")
        elif request == "watch" and self._turn_to is not None:
            try:
                self._watch = self._turn_to(rest)
            except PikosError as error:
                self.tell(str(error))
            else:
                self._begin()

    def _seek(self, by_s: float) -> None:
        if self._watch.seek(by_s):
            self._begin()
        else:
            self.tell("only a recording goes back and ahead")

    def _begin(self) -> None:
        """Forget what was to be seen before."""
        self._history = History()
        self._scene = self._watch.scene()

    def tell(self, notice: str) -> None:
        """Show a line of text until the next key.

        Parameters
        ----------
        notice
            The text: made safe where it is shown.

        """
        self._scene = replace(self._scene, notice=notice)

    def _source_of(self, file: str) -> SourceText:
        if file and file != self._source.file:
            self._source = read_source(file, self._roots)
        return self._source

    def _live_sessions(self) -> tuple[Session, ...]:
        now = time.monotonic()
        if self.state.panel == "processes" and now - self._looked_at >= LOOK_S:
            self._sessions, self._looked_at = list_sessions(), now
        return self._sessions
