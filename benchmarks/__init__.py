"""Figures with their yardsticks, measured in one run. `python -m benchmarks NAME [--size N] [--json]`."""
