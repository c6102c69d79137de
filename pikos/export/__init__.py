"""A session's state in the formats of other tools: ``Snapshot`` → file."""

from pikos.export.formats import Format, export

__all__ = ["Format", "export"]
