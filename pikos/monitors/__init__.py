"""The monitors, and what they are made of."""
