"""Fixtures of the recordings' tests."""

from support.runtime import runtime

__all__ = ["runtime"]
