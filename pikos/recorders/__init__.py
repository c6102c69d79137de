"""Recorders: where the records of monitors go."""
