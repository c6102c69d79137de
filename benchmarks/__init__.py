"""What profiling with Pikos costs, measured."""
