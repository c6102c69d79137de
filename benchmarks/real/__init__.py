"""Real programs, unmodified, under the profiler: what it sees of them, and what it costs them."""
