"""Every filter under one roof."""

from __future__ import annotations

from pikos.filters.fields import FieldMissing
from pikos.filters.filter import Both, Either, Filter, Inverse
from pikos.filters.not_on_value import NotOnValue
from pikos.filters.on_change import OnChange
from pikos.filters.on_value import OnValue

__all__ = [
    "Both",
    "Either",
    "FieldMissing",
    "Filter",
    "Inverse",
    "NotOnValue",
    "OnChange",
    "OnValue",
]
