"""Recordings: what a program published, in a file that is whole wherever it is cut off.

::

    subscription ─► frames ─► RecordingWriter ─► FILE.pikos ─► Replay ─► messages ─► model ─► view
"""

from pikos.recording.container import Entry
from pikos.recording.reader import RecordingReader
from pikos.recording.replay import Replay
from pikos.recording.writer import RecordingWriter

__all__ = ["Entry", "RecordingReader", "RecordingWriter", "Replay"]
