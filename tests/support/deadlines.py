"""How long tests wait: longer than needed on the busiest machine, since none tests speed."""

DEADLINE_S = 120.0
"""For what takes a moment: an answer, a picture, the end of a small program."""
LONG_DEADLINE_S = 1800.0
"""For what takes minutes: a build, another run of tests, every scenario under a sanitizer."""
