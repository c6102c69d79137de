"""Fixtures of the tests here."""

from support.runtime import runtime

__all__ = ["runtime"]
