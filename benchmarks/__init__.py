"""Holds the benchmarks, a file a speed question; run one by `python -m benchmarks.<name>`."""
