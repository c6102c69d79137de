"""Profilers under the common face of the monitors."""
