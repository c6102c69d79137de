"""Filters: callables that decide which records are recorded."""
