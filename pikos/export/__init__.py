"""A session's state in the formats of other tools: ``Snapshot`` → file."""

from pikos.export.formats import FORMATS, Format, export

__all__ = ["FORMATS", "Format", "export"]
