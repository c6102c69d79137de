"""Shows a session on this terminal: with Textual where it is installed, else as plain text."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from pikos.cli.kept_output import follow, tail
from pikos.cli.source import source_of
from pikos.export.json_file import json_file
from pikos.live.client import Subscription
from pikos.live.keys import viewer_keys
from pikos.live.plain import ENTER, LEAVE, paint
from pikos.live.processes import ALL
from pikos.live.scene import Size
from pikos.live.sessions import list_sessions
from pikos.live.viewer import Viewer
from pikos.live.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import Snapshot

SCREEN_INTERVAL_S = 0.25
"""Seconds between two pictures, unless the user says otherwise."""

FOLLOW_S = 0.05
"""Seconds between two looks at what the program has written, once there is no table any more."""

FIRST_S = 0.1
"""Seconds that the first picture waits for the session's state, at most."""


def show(
    watch: Watch,
    state: ViewState,
    *,
    interval_s: float | None = None,
    others: bool = True,
    keys: str | None = None,
    roots: Sequence[str] = (".",),
    kept: int | None = None,
) -> Scene | None:
    """Show a session until the user leaves or the session ends.

    Parameters
    ----------
    watch
        The session.
    state
        What the user has chosen on the command line.
    interval_s
        Seconds between two pictures; None for as usual.
    others
        Whether the user may turn to other sessions.
    keys
        Directory of CURVE keys for other sessions, or None.
    roots
        Directories below which source files may be shown.
    kept
        Descriptor of the file that keeps what the program writes; None where that goes elsewhere.

    Returns
    -------
    Scene or None
        The end of the session that was shown last; None if it goes on, or the user left before.

    Raises
    ------
    SystemExit
        If a signal ended it.

    """
    interval_s = interval_s or SCREEN_INTERVAL_S
    with contextlib.ExitStack() as opened:

        def turn_to(address: str) -> Watch:
            opened.close()
            if address == ALL:
                profiles = [s.address for s in list_sessions() if s.publishes == "profile"]
                found = None if keys is None else viewer_keys(keys)
                source = opened.enter_context(Subscription(profiles, keys=found))
                return Watch(source, "all profiles", merged=True)
            one = source_of(address, keys=keys)
            opened.callback(one.close)
            return Watch(one, address)

        viewer = Viewer(
            watch,
            state,
            turn_to=turn_to if others else None,
            save=_save,
            roots=roots,
            output=None if kept is None else partial(tail, kept),
            gone=bool if kept is None else partial(_is_gone, os.getppid()),
        )
        status = _run(viewer, interval_s)
        if kept is not None and not status:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the program, which we outlive
            follow(kept, lambda: _goes_on(viewer))
    if status:
        sys.exit(status)
    return viewer.watch.scene() if viewer.watch.over and not viewer.leaving else None


def _is_gone(parent: int) -> bool:
    """Tell whether the program that started this table has ended without a goodbye."""
    return os.getppid() != parent


def _goes_on(viewer: Viewer) -> bool:
    """Listen for a moment; tell whether the program goes on."""
    viewer.watch.listen(FOLLOW_S)
    return not (viewer.watch.over or viewer.gone())


def _run(viewer: Viewer, interval_s: float) -> int:
    sys.stdout.write(ENTER)
    try:
        # Textual takes longer to import than a person likes to wait for a picture.
        give_up_at = time.monotonic() + FIRST_S
        while not viewer.watch.whole and time.monotonic() < give_up_at:
            viewer.watch.listen(0.01)
        _paint(viewer)
        why = _import_textual()
        while why and not (viewer.over or viewer.watch.over):
            viewer.tell(f"{why}; Ctrl-C leaves")
            _paint(viewer)
            viewer.watch.listen(interval_s)
        if why:
            return 0
        from pikos.live.tui import Screen

        with _job_control():
            return Screen(viewer, interval_s).run() or 0
    except KeyboardInterrupt:
        return 0
    finally:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()


@contextlib.contextmanager
def _job_control() -> Iterator[None]:
    """Give back how Ctrl-Z and fg work: Textual would open its screen again when it is gone."""
    names = ("SIGTSTP", "SIGCONT") if sys.platform != "win32" else ()
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _import_textual() -> str:
    """Import what takes long; tell why there will be no keys and no mouse, if so."""
    if not os.isatty(2):
        return "standard error, which keys and the mouse need, is no terminal"
    try:
        import pikos.live.tui  # noqa: F401 - for whoever imports from it next
    except ImportError:
        return "for keys and the mouse: pip install 'pikos[tui]'"
    return ""


def _paint(viewer: Viewer) -> None:
    size = shutil.get_terminal_size()
    sys.stdout.write(paint(viewer.picture(Size(size.lines, size.columns)), sys.stdout.encoding))
    sys.stdout.flush()


def _save(snapshot: Snapshot) -> str:
    """Write a new file in the working directory, for its owner alone."""
    moment = time.strftime("%Y%m%d-%H%M%S")
    name = f"pikos-{snapshot.facts.get('pid', 'several')}-{moment}.json"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with open(os.open(name, flags, 0o600), "w", encoding="ascii") as file:
        file.writelines(json_file(snapshot))
    return name
