"""Benchmarks of the engine, compared with a hand-written floor: `python -m benchmarks.run`."""
