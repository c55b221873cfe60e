"""One file a speed question; `python -m benchmarks.<name>`."""
