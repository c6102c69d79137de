"""Fixtures of the tests here."""

from support.programs import start
from support.runtime import runtime

__all__ = ["runtime", "start"]
