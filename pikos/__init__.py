"""Pikos: an exact profile of a Python program, live, while it runs."""

__version__ = "0.1.0"
"""Version of Pikos; the only place where it is written."""
